"""Keep how long a change of flights takes at an airport."""

from alembic import op

revision = "minimum_connections"
down_revision = "seats"
branch_labels = None
depends_on = None

MINIMUM_CONNECTIONS = """
create table app.minimum_connections (
    airport text primary key references app.airports (code),
    domestic_domestic_minutes integer check (domestic_domestic_minutes between 10 and 600),
    domestic_international_minutes integer check (domestic_international_minutes between 10 and 600),
    international_domestic_minutes integer check (international_domestic_minutes between 10 and 600),
    international_international_minutes integer check (international_international_minutes between 10 and 600),
    version integer not null default 1,
    updated_at timestamptz not null default now()
);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(MINIMUM_CONNECTIONS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.minimum_connections")
