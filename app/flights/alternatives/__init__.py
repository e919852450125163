"""Other ways to get there, for travellers whose flight does not go as they bought it."""
