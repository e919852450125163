"""The transactional core: one FastAPI program over Postgres."""
