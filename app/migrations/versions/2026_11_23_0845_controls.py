"""Make the history of the controls of inventory."""

from alembic import op

revision = "controls"
down_revision = "minimum_connections"
branch_labels = None
depends_on = None

CONTROL_CHANGES = """
create table app.control_changes (
    id uuid primary key,
    cabin_inventory_id uuid not null references app.cabin_inventories (id),
    flight_id uuid not null references app.flights (id),
    cabin text not null,
    version integer not null,
    classes text[] not null,
    capacity_before integer not null,
    capacity_after integer not null,
    authorised_before integer not null,
    authorised_after integer not null,
    limits_before integer[] not null,
    limits_after integer[] not null,
    reason text not null,
    changed_by text not null,
    changed_at timestamptz not null,
    request_id text not null,
    constraint control_changes_version_key unique (cabin_inventory_id, version)
);
create index control_changes_by_flight on app.control_changes (flight_id, id);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(CONTROL_CHANGES)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.control_changes")
