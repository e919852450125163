"""What was asked with an API key: a log its owner can read."""
