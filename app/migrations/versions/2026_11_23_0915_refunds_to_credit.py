"""Let a refund be paid as travel credit.

Downstream: app.refunds gains travel_credit_id (stg_refunds reads it)."""

from alembic import op

revision = "refunds_to_credit"
down_revision = "api_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.refunds add column travel_credit_id uuid references app.travel_credits (id)")
    op.execute("create index refunds_by_booking on app.refunds (booking_id)")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop index app.refunds_by_booking")
    op.execute("alter table app.refunds drop column travel_credit_id")
