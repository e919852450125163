"""Special services, by rule and through the API."""
