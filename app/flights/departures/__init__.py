"""Departures kept in memory: every flight with its cabins as live.availability has them, a day a table."""
