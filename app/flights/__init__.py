"""Dated departures, and what became of them."""
