"""Let a fare product ask for a minimum stay, and sell one that does.

A captured table gains a column: its stg_ model has it, and the update sends the known products once more."""

from alembic import op

revision = "minimum_stay"
down_revision = "check_in"
branch_labels = None
depends_on = None

PRODUCT = """
insert into app.fare_products (
    id, brand, cabin, fare_class, fare_basis, multiplier, advance_purchase_days, refund_allowed,
    refund_penalty_minor, change_allowed, change_penalty_minor, currency, valid_from, valid_to, minimum_stay_days
) values (
    '0197f000-0000-7000-8000-000000000010', 'Basic', 'economy', 'K', 'K21R3BAS', 0.900, 21, false,
    null, null, null, 'USD', '2000-01-01', null, 3
)
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(
        "alter table app.fare_products add column minimum_stay_days integer not null default 0 "
        "check (minimum_stay_days >= 0)"
    )
    op.execute("update app.fare_products set minimum_stay_days = 0")
    op.execute(PRODUCT)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("delete from app.fare_products where id = '0197f000-0000-7000-8000-000000000010'")
    op.execute("alter table app.fare_products drop column minimum_stay_days")
