"""Extras, through the API and a real Postgres."""
