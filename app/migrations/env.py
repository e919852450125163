"""Run the revisions as the owning role, each in a transaction of its own."""

from alembic import context
from sqlalchemy import NullPool, create_engine, text

from app.core.config import get_settings


def run() -> None:
    engine = create_engine(get_settings().dsn("contrail_owner"), poolclass=NullPool)
    with engine.connect() as connection:
        # Alembic keeps its own table in the schema the first revision would make.
        connection.execute(text("create schema if not exists app"))
        connection.commit()
        context.configure(connection=connection, version_table_schema="app", transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    raise SystemExit("contrail's migrations run against a database; offline SQL is not offered")
run()
