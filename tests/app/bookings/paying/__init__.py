"""Mirrors app/bookings/paying."""
