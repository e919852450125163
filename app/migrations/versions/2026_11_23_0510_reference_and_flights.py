"""Make the reference tables, the schedule, the flights and their outcomes."""

from alembic import op

revision = "0002_flights"
down_revision = "0001_schemas"
branch_labels = None
depends_on = None

REFERENCE = """
create table app.airports (
    code text primary key check (code ~ '^[A-Z]{3}$'),
    name text not null,
    city text not null,
    country text not null check (country ~ '^[A-Z]{2}$'),
    latitude double precision not null check (latitude between -90 and 90),
    longitude double precision not null check (longitude between -180 and 180),
    zone text not null,
    simulated boolean not null default false
);

create table app.airlines (
    code text primary key check (code ~ '^[A-Z0-9]{2}$'),
    name text not null,
    simulated boolean not null default false
);

create table app.aircraft_types (
    code text primary key,
    manufacturer text not null,
    model text not null,
    seats integer not null check (seats > 0),
    cabins jsonb not null
);

create table app.routes (
    id uuid primary key,
    origin text not null references app.airports (code),
    destination text not null references app.airports (code),
    distance_km integer not null check (distance_km > 0),
    simulated boolean not null default false,
    constraint routes_origin_destination_key unique (origin, destination),
    constraint routes_go_somewhere check (origin <> destination)
);
"""

SCHEDULES = """
create table app.schedules (
    id uuid primary key,
    airline text not null references app.airlines (code),
    flight_number text not null check (flight_number ~ '^[0-9]{1,4}[A-Z]?$'),
    origin text not null references app.airports (code),
    destination text not null references app.airports (code),
    weekday smallint not null check (weekday between 1 and 7),
    departs_local time not null,
    arrives_local time not null,
    arrives_day_offset smallint not null check (arrives_day_offset between -1 and 2),
    valid_from date not null,
    valid_to date not null,
    aircraft_type text not null references app.aircraft_types (code),
    simulated boolean not null default false,
    constraint schedules_validity check (valid_from <= valid_to),
    constraint schedules_do_not_overlap exclude using gist (
        airline with =, flight_number with =, origin with =, destination with =, weekday with =,
        daterange(valid_from, valid_to, '[]') with &&
    )
);
"""

FLIGHTS = """
create table app.flights (
    id uuid primary key,
    schedule_id uuid references app.schedules (id),
    airline text not null references app.airlines (code),
    flight_number text not null,
    origin text not null references app.airports (code),
    destination text not null references app.airports (code),
    departure_date date not null,
    departs_local timestamp not null,
    departs_zone text not null,
    arrives_local timestamp not null,
    arrives_zone text not null,
    departs_at timestamptz not null,
    arrives_at timestamptz not null,
    estimated_departs_at timestamptz,
    estimated_arrives_at timestamptz,
    aircraft_type text not null references app.aircraft_types (code),
    tail_number text,
    distance_km integer not null check (distance_km > 0),
    status text not null default 'scheduled' check (status in (
        'scheduled', 'delayed', 'check_in_open', 'boarding', 'departed', 'arrived', 'cancelled', 'diverted'
    )),
    delay_minutes integer not null default 0,
    simulated boolean not null default false,
    updated_at timestamptz not null default now(),
    constraint flights_departure_key unique (airline, flight_number, origin, destination, departs_local),
    constraint flights_take_time check (arrives_at > departs_at)
);
create index flights_by_route_and_day on app.flights (origin, destination, departure_date);
create index flights_by_departure on app.flights (departs_at);

create table app.flight_outcomes (
    flight_id uuid primary key references app.flights (id),
    kind text not null check (kind in ('flown', 'cancelled', 'diverted')),
    departure_delay_minutes integer,
    arrival_delay_minutes integer,
    known_at timestamptz not null,
    applied_at timestamptz
);
create index flight_outcomes_not_applied on app.flight_outcomes (known_at) where applied_at is null;
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for tables in (REFERENCE, SCHEDULES, FLIGHTS):
        op.execute(tables)


def downgrade() -> None:
    op.execute("set local lock_timeout = '2s'")
    for table in (
        "flight_outcomes",
        "flights",
        "schedules",
        "routes",
        "aircraft_types",
        "airlines",
        "airports",
    ):
        op.execute(f"drop table app.{table}")
