"""Changes, through the API, a real Postgres and a real payment provider."""
