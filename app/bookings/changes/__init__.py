"""Changing flights of a ticketed booking: a quote that expires, then its confirmation."""
