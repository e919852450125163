"""Search: priced offers that expire."""
