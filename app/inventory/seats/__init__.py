"""Seats by number: layouts of aircraft, and who sits where."""
