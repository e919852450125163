"""Seats: what each cabin may sell, has held and has sold."""
