"""The departures a booking's life is played on: within a day, so that its check-in is open."""

from datetime import date, datetime

import psycopg

_ROWS = """
insert into app.airports (code, name, city, country, latitude, longitude, zone)
values
    ('JFK', 'From', 'New York', 'US', 40.6398, -73.7789, 'America/New_York'),
    ('LAX', 'To', 'Los Angeles', 'US', 33.9425, -118.408, 'America/Los_Angeles')
on conflict do nothing;
insert into app.airlines (code, name) values ('ZZ', 'Bench') on conflict do nothing;
insert into app.aircraft_types (code, manufacturer, model, seats, cabins)
values ('B', 'Bench', 'One', 400, '[{"cabin": "economy", "seats": 400}]') on conflict do nothing;
"""
_FLIGHTS = """
insert into app.flights (
    id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
    arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km
)
select
    gen_random_uuid(), 'ZZ', (100 + n)::text, 'JFK', 'LAX', (leaves at time zone 'America/New_York')::date,
    leaves at time zone 'America/New_York', 'America/New_York',
    lands at time zone 'America/Los_Angeles', 'America/Los_Angeles', leaves, lands, 'B', 3983
from generate_series(0, 60) as n
cross join lateral (
    select
        date_trunc('minute', now()) + interval '6 hours' + n * interval '12 minutes' as leaves,
        date_trunc('minute', now()) + interval '12 hours' + n * interval '12 minutes' as lands
) as clock
where (leaves at time zone 'America/New_York')::date
    = ((now() + interval '12 hours') at time zone 'America/New_York')::date
"""
_CABINS = """
insert into app.cabin_inventories (id, flight_id, cabin, capacity, authorised, classes, limits, held, sold)
select
    gen_random_uuid(), id, 'economy', 400, 400, '{Y,B,M,H,Q,K}', '{400,390,380,370,360,350}', '{0,0,0,0,0,0}',
    '{0,0,0,0,0,0}'
from app.flights
"""
_LIVE = """
insert into live.availability (
    flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
    version, lsn, source_ts, is_snapshot
)
select
    flight_id, cabin, id, capacity, authorised, classes, limits, held, sold, limits, version, 1, now(), true
from app.cabin_inventories
"""
_DAY = "select min(departure_date) from app.flights"
# As the availability flow does of a flight that has seats; no flow runs here.
_TELL = "select pg_notify('departures', min(departure_date)::text) from app.flights"


def add_departures(dsn: str) -> date:
    """Departures of one local day, six hours from now on, with their seats; the day."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_ROWS)
        for statement in (_FLIGHTS, _CABINS, _LIVE, _TELL):
            connection.execute(statement)
        row = connection.execute(_DAY).fetchone()
    if row is None or not isinstance(row[0], date) or isinstance(row[0], datetime):
        raise ValueError("no departure was made")
    return row[0]
