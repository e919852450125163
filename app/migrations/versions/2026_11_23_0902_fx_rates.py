"""Make the exchange rates, dated as they were published.

Captured: topic contrail.app.fx_rates, its raw rows, stg_fx_rates and int_fx_rates_current are new."""

from alembic import op

revision = "fx_rates"
down_revision = "minimum_stay"
branch_labels = None
depends_on = None

FX_RATES = """
create table app.fx_rates (
    rate_date date not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    rate numeric(18, 8) not null check (rate > 0),
    source text not null,
    primary key (rate_date, currency)
)
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(FX_RATES)
    op.execute("alter publication contrail add table app.fx_rates")
    op.execute("grant select on app.fx_rates to cdc")


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("alter publication contrail drop table app.fx_rates")
    op.execute("drop table app.fx_rates")
