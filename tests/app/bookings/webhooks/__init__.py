"""Mirrors app/bookings/webhooks."""
