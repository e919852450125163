"""Splitting a booking, through the API."""
