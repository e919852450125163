"""Mirrors app/payments/gateways."""
