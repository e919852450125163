"""The database's history: one Alembic line owns the schemas app, vault and live."""
