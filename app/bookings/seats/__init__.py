"""Choosing seats: the map of a flight, and who of a booking sits where."""
