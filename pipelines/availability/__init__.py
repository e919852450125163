"""Availability: cabin inventories become live.availability within milliseconds of their commit."""
