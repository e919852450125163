"""Say what a payment is for: the booking, a change of it, or extras.

Downstream: topic contrail.app.payments and raw rows carry two more fields; stg_payments reads them."""

from alembic import op

revision = "payment_purposes"
down_revision = "0007_live"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("""
        alter table app.payments
            add column purpose text not null default 'booking',
            add column purpose_id uuid,
            add constraint payments_purpose_known check (purpose in ('booking', 'change', 'extras')),
            add constraint payments_purpose_named check ((purpose = 'booking') = (purpose_id is null))
    """)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.payments drop column purpose_id, drop column purpose")
