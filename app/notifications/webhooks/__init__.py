"""Webhooks out: what happened to a customer's bookings, sent to an address of theirs."""
