"""What travellers are offered when a flight does not go as they bought it, and what they choose."""
