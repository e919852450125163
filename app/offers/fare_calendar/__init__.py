"""The cheapest fare of each day of a month."""
