"""Make offer requests, bookings and all that belongs to one."""

from alembic import op

revision = "0005_bookings"
down_revision = "0004_identity"
branch_labels = None
depends_on = None

OFFER_REQUESTS = """
create table app.offer_requests (
    id uuid primary key,
    user_id uuid,
    origin text not null,
    destination text not null,
    departure_date date not null,
    cabin text not null,
    passengers jsonb not null,
    offers jsonb not null,
    availability_as_of timestamptz,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    request_id text not null,
    simulated boolean not null default false
);
create index offer_requests_by_expiry on app.offer_requests (expires_at);
"""

BOOKINGS = """
create table app.bookings (
    id uuid primary key,
    pnr text not null check (pnr ~ '^[A-HJ-NP-Z2-9]{6}$'),
    user_id uuid references app.users (id),
    contact_subject_id uuid not null,
    status text not null check (status in ('held', 'confirmed', 'ticketed', 'expired', 'cancelled')),
    offer_id uuid not null,
    channel text not null,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    total_minor bigint not null check (total_minor >= 0),
    passenger_count integer not null check (passenger_count between 1 and 9),
    price_guarantee_expires_at timestamptz not null,
    payment_required_by timestamptz not null,
    email_hash text,
    phone_hash text,
    device_hash text,
    ip_hash text,
    ip24_hash text,
    surname_hashes text[] not null default '{}',
    prior_hashes jsonb,
    distinct_surnames integer not null,
    ip_country text,
    ip_airport text,
    created_at timestamptz not null,
    confirmed_at timestamptz,
    ticketed_at timestamptz,
    cancelled_at timestamptz,
    expired_at timestamptz,
    request_id text not null,
    version integer not null default 1,
    simulated boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint bookings_two_clocks check (price_guarantee_expires_at <= payment_required_by)
) partition by range (id);
create index bookings_by_user on app.bookings (user_id, id);
create index bookings_held on app.bookings (payment_required_by) where status = 'held';
create table app.bookings_default partition of app.bookings default;
alter table app.bookings_default replica identity full;
alter table app.bookings replica identity full;

-- A partitioned table cannot hold a unique key of its own on the locator.
create table app.pnrs (
    pnr text primary key,
    booking_id uuid not null
);

create table app.passengers (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    subject_id uuid not null,
    type text not null check (type in ('adult', 'child', 'infant')),
    created_at timestamptz not null
);
create index passengers_by_booking on app.passengers (booking_id);

create table app.segments (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    flight_id uuid not null references app.flights (id),
    slice_number smallint not null check (slice_number >= 1),
    segment_number smallint not null check (segment_number >= 1),
    cabin text not null,
    fare_class text not null,
    fare_product_id uuid not null references app.fare_products (id),
    status text not null check (status in ('live', 'cancelled')),
    created_at timestamptz not null,
    updated_at timestamptz not null default now(),
    constraint segments_place_key unique (booking_id, slice_number, segment_number)
);
create index segments_by_flight on app.segments (flight_id);

create table app.booking_items (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    passenger_id uuid references app.passengers (id),
    segment_id uuid references app.segments (id),
    kind text not null check (kind in ('fare', 'tax', 'fee', 'ancillary', 'penalty')),
    code text not null,
    description text not null,
    amount_minor bigint not null check (amount_minor >= 0),
    currency text not null,
    status text not null check (status in ('live', 'cancelled')),
    created_at timestamptz not null,
    updated_at timestamptz not null default now()
);
create index booking_items_by_booking on app.booking_items (booking_id);

create table app.seat_holds (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    flight_id uuid not null references app.flights (id),
    cabin text not null,
    fare_class text not null,
    seats integer not null check (seats > 0),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    released_at timestamptz,
    outcome text check (outcome in ('sold', 'expired', 'cancelled')),
    constraint seat_holds_end_once check ((released_at is null) = (outcome is null))
);
create index seat_holds_live on app.seat_holds (flight_id, cabin, expires_at) where released_at is null;
create index seat_holds_by_booking on app.seat_holds (booking_id);

create table app.tickets (
    id uuid primary key,
    number text not null constraint tickets_number_key unique check (number ~ '^[0-9]{13}$'),
    booking_id uuid not null references app.bookings (id),
    passenger_id uuid not null references app.passengers (id),
    status text not null check (status in ('issued', 'void', 'refunded')),
    issued_at timestamptz not null,
    updated_at timestamptz not null default now()
);
create index tickets_by_booking on app.tickets (booking_id);

create table app.coupons (
    id uuid primary key,
    ticket_id uuid not null references app.tickets (id),
    booking_id uuid not null references app.bookings (id),
    passenger_id uuid not null references app.passengers (id),
    segment_id uuid not null references app.segments (id),
    flight_id uuid not null references app.flights (id),
    number smallint not null check (number between 1 and 16),
    status text not null check (status in (
        'open', 'checked_in', 'boarded', 'flown', 'void', 'refunded', 'exchanged', 'suspended'
    )),
    fare_minor bigint not null check (fare_minor >= 0),
    tax_minor bigint not null check (tax_minor >= 0),
    currency text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null default now(),
    constraint coupons_number_key unique (ticket_id, number)
);
create index coupons_by_booking on app.coupons (booking_id);
create index coupons_by_flight on app.coupons (flight_id);

create table app.cancellations (
    id uuid primary key,
    booking_id uuid not null references app.bookings (id),
    status text not null check (status in ('quoted', 'confirmed', 'superseded')),
    penalty_minor bigint not null check (penalty_minor >= 0),
    refund_minor bigint not null check (refund_minor >= 0),
    currency text not null,
    quoted_at timestamptz not null,
    expires_at timestamptz not null,
    confirmed_at timestamptz
);
create unique index cancellations_newest_quote on app.cancellations (booking_id) where status = 'quoted';
create unique index cancellations_once on app.cancellations (booking_id) where status = 'confirmed';
"""

TABLES = (
    "cancellations",
    "coupons",
    "tickets",
    "seat_holds",
    "booking_items",
    "segments",
    "passengers",
    "pnrs",
    "bookings",
    "offer_requests",
)


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    op.execute(OFFER_REQUESTS)
    op.execute(BOOKINGS)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in TABLES:
        op.execute(f"drop table app.{table}")
