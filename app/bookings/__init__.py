"""Bookings: from a held seat to a ticket, and back."""
