"""Guests: one booking, opened by its locator and a name on it."""
