"""Say of a quote to change where what is left over goes. The table is private: nothing downstream changes."""

from alembic import op

revision = "change_residual_to"
down_revision = "partition_upkeep"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(
        "alter table app.changes add column residual_to text not null default 'payment' "
        "check (residual_to in ('payment', 'travel_credit'))"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter table app.changes drop column residual_to")
