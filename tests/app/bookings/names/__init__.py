"""Name corrections, by rule and through the API."""
