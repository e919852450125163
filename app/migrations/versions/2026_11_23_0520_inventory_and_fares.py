"""Make the cabin inventories with their constraints, and the fare products."""

from alembic import op

revision = "0003_inventory"
down_revision = "0002_flights"
branch_labels = None
depends_on = None

CABIN_INVENTORIES = """
create table app.cabin_inventories (
    id uuid primary key,
    flight_id uuid not null references app.flights (id),
    cabin text not null check (cabin in ('economy', 'premium_economy', 'business', 'first')),
    capacity integer not null check (capacity > 0),
    authorised integer not null check (authorised >= 0),
    classes text[] not null,
    limits integer[] not null,
    held integer[] not null,
    sold integer[] not null,
    version integer not null default 1,
    updated_at timestamptz not null default now(),
    constraint cabin_inventories_flight_cabin_key unique (flight_id, cabin),
    constraint cabin_inventories_classes_match check (array_length(classes, 1) = array_length(limits, 1)),
    constraint cabin_inventories_never_oversold check (app.inventory_is_sound(authorised, limits, held, sold))
) with (fillfactor = 85);
"""

FARE_PRODUCTS = """
create table app.fare_products (
    id uuid primary key,
    brand text not null,
    cabin text not null check (cabin in ('economy', 'premium_economy', 'business', 'first')),
    fare_class text not null check (fare_class ~ '^[A-Z]$'),
    fare_basis text not null,
    multiplier numeric(6, 3) not null check (multiplier > 0),
    advance_purchase_days integer not null check (advance_purchase_days >= 0),
    refund_allowed boolean,
    refund_penalty_minor bigint check (refund_penalty_minor >= 0),
    change_allowed boolean,
    change_penalty_minor bigint check (change_penalty_minor >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    valid_from date not null,
    valid_to date,
    constraint fare_products_basis_key unique (fare_basis, valid_from)
);

-- The ladder of six economy classes and its purchase deadlines are the ones revenue management
-- texts use; the business classes extend the ladder upwards. Amounts are US cents.
insert into app.fare_products values
    ('0197f000-0000-7000-8000-000000000001', 'Flex', 'economy', 'Y', 'YFLEX', 4.000, 0, true, 0, true, 0, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000002', 'Flex', 'economy', 'B', 'BFLEX', 3.000, 0, true, 0, true, 0, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000003', 'Standard', 'economy', 'M', 'M3STD', 2.000, 3, true, 7500, true, 7500, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000004', 'Standard', 'economy', 'H', 'H7STD', 1.500, 7, true, 10000, true, 10000, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000005', 'Basic', 'economy', 'Q', 'Q14BAS', 1.250, 14, false, null, null, null, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000006', 'Basic', 'economy', 'K', 'K21BAS', 1.000, 21, false, null, null, null, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000007', 'Business Flex', 'business', 'J', 'JFLEX', 9.000, 0, true, 0, true, 0, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000008', 'Business', 'business', 'C', 'C3BUS', 7.000, 3, true, 15000, true, 15000, 'USD', '2000-01-01', null),
    ('0197f000-0000-7000-8000-000000000009', 'Business', 'business', 'D', 'D14BUS', 5.500, 14, true, 20000, true, 20000, 'USD', '2000-01-01', null);
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(CABIN_INVENTORIES)
    op.execute(FARE_PRODUCTS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.fare_products")
    op.execute("drop table app.cabin_inventories")
