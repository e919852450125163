"""Whose data bookings hold: given out on request, and forgotten."""
