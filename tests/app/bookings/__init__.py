"""Mirrors app/bookings."""
