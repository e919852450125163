"""API keys of partners: scoped, rotated, revoked; only their hash is kept."""
