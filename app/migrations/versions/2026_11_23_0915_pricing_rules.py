"""Make the pricing rules and the catalogue of ancillaries. Neither is captured: prices carry what they did."""

from alembic import op

revision = "pricing_rules"
down_revision = "groups"
branch_labels = None
depends_on = None

PRICING_RULES = """
create table app.pricing_rules (
    id uuid primary key,
    code text not null check (code ~ '^[A-Z0-9_]{2,20}$'),
    name text not null,
    reason text not null,
    basis_points integer check (basis_points between -5000 and 5000),
    amount_minor bigint check (amount_minor between -100000 and 100000),
    cabin text check (cabin in ('economy', 'premium_economy', 'business', 'first')),
    brand text,
    fare_class text check (fare_class ~ '^[A-Z]$'),
    airline text,
    origin text,
    destination text,
    passenger_type text check (passenger_type in ('adult', 'child', 'infant')),
    departs_from date,
    departs_to date,
    weekdays smallint[],
    min_days_ahead integer check (min_days_ahead >= 0),
    max_days_ahead integer check (max_days_ahead >= 0),
    valid_from timestamptz not null,
    valid_to timestamptz,
    version integer not null default 1,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pricing_rules_say_one_thing check ((basis_points is null) <> (amount_minor is null)),
    constraint pricing_rules_validity check (valid_to >= valid_from),
    constraint pricing_rules_departures check (departs_to >= departs_from),
    constraint pricing_rules_days_ahead check (max_days_ahead >= min_days_ahead)
)
"""

# Amounts are US cents: so much, and so much for each 1000 km.
ANCILLARIES = """
create table app.ancillaries (
    id uuid primary key,
    code text not null,
    kind text not null check (kind in ('bag', 'meal', 'seat', 'service')),
    zone text check (zone in ('standard', 'preferred', 'extra_legroom')),
    description text not null,
    amount_minor bigint not null check (amount_minor >= 0),
    minor_per_1000_km bigint not null check (minor_per_1000_km >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    passenger_types text[] not null check (passenger_types <@ array['adult', 'child', 'infant']),
    most integer not null check (most > 0),
    min_distance_km integer not null default 0,
    valid_from date not null,
    valid_to date,
    constraint ancillaries_code_key unique (code, valid_from),
    constraint ancillaries_zone_is_of_a_seat check ((kind = 'seat') = (zone is not null))
);

insert into app.ancillaries values
    ('0197f000-0000-7000-8000-00000000a001', 'BAG1', 'bag', null, 'A first bag of up to 23 kg in the hold', 3000, 500, 'USD', '{adult,child}', 1, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a002', 'BAG2', 'bag', null, 'A second bag of up to 23 kg in the hold', 4500, 1000, 'USD', '{adult,child}', 1, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a003', 'BAGHEAVY', 'bag', null, 'A bag of 23 to 32 kg in the hold', 9000, 2000, 'USD', '{adult,child}', 2, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a004', 'PUSHCHAIR', 'bag', null, 'A folded pushchair in the hold', 0, 0, 'USD', '{infant}', 1, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a005', 'MEALHOT', 'meal', null, 'A hot meal', 1400, 200, 'USD', '{adult,child}', 1, 1000, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a006', 'MEALVEG', 'meal', null, 'A vegetarian meal', 1400, 200, 'USD', '{adult,child}', 1, 1000, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a007', 'SNACK', 'meal', null, 'A sandwich and a drink', 900, 0, 'USD', '{adult,child}', 2, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a008', 'SEATSTD', 'seat', 'standard', 'A seat of your choice', 900, 200, 'USD', '{adult,child}', 1, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a009', 'SEATPREF', 'seat', 'preferred', 'A seat in the front rows', 1500, 400, 'USD', '{adult,child}', 1, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a00a', 'SEATLEGS', 'seat', 'extra_legroom', 'A seat with more room for the legs', 3000, 900, 'USD', '{adult}', 1, 0, '2000-01-01', null),
    ('0197f000-0000-7000-8000-00000000a00b', 'PRIORITY', 'service', null, 'Boarding before the others', 1200, 0, 'USD', '{adult,child}', 1, 0, '2000-01-01', null)
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(PRICING_RULES)
    op.execute(ANCILLARIES)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute("drop table app.ancillaries")
    op.execute("drop table app.pricing_rules")
