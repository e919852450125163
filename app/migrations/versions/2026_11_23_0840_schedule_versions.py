"""Give schedules a version, so that two editors see each other.

Downstream: raw events of app.schedules gain the columns version and updated_at; stg_schedules reads them."""

from alembic import op

revision = "schedule_versions"
down_revision = "search_events"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.schedules add column version integer not null default 1")
    op.execute("alter table app.schedules add column updated_at timestamptz not null default now()")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.schedules drop column updated_at")
    op.execute("alter table app.schedules drop column version")
