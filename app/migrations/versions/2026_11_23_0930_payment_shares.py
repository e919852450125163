"""Let a payment be divided between two bookings: the second part knows whose charge it shares.

Downstream: topic contrail.app.payments and raw rows carry one more field; stg_payments reads it."""

from alembic import op

revision = "payment_shares"
down_revision = "refunds_to_credit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.payments add column shared_from uuid")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.payments drop column shared_from")
