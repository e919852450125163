"""What every domain stands on. No business words in here."""
