"""A network as large as the loaded schedule, made by the database itself in a few seconds."""

import psycopg

from tests.app.departures import make_reference

ROUTES = 20
DAYS = 74
PER_ROUTE_AND_DAY = 54
FLIGHTS = ROUTES * DAYS * PER_ROUTE_AND_DAY

# Destinations QAA, QAB ...; all flights leave from JFK.
_AIRPORTS = """
    insert into app.airports (code, name, city, country, latitude, longitude, zone)
    select 'Q' || chr(65 + n / 26) || chr(65 + n %% 26), 'Field', 'Town', 'US', 40, -100, 'America/Chicago'
    from generate_series(0, %(routes)s - 1) as n
    on conflict do nothing
"""
_FLIGHTS = """
    insert into app.flights (
        id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
        arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km
    )
    select
        ('00000000-0000-7000-8000-' || lpad(to_hex(row_number() over ()), 12, '0'))::uuid,
        'B6', n::text, 'JFK',
        'Q' || chr(65 + route / 26) || chr(65 + route %% 26),
        leaves::date, leaves, 'America/New_York', leaves + interval '3 hours', 'America/Chicago',
        leaves at time zone 'America/New_York',
        (leaves + interval '3 hours') at time zone 'America/Chicago', 'A320', 1800
    from generate_series(0, %(routes)s - 1) as route
    cross join generate_series(1, %(days)s) as day
    cross join generate_series(1, %(departures)s) as n
    cross join lateral (
        select timestamp '2040-01-01 05:00' + make_interval(days => day, mins => n * 20) as leaves
    ) as clock
"""
_AVAILABILITY = """
    insert into live.availability (
        flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
        version, lsn, source_ts, is_snapshot
    )
    select
        id, 'economy', id, 150, 150, '{Y,B,M,H,Q,K}', '{150,138,120,98,75,45}', '{0,0,0,0,0,0}',
        '{0,0,0,0,0,0}', '{150,138,120,98,75,45}', 1, 1, now(), true
    from app.flights
    where departure_date >= '2040-01-01'
"""


def make_network(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Flights from JFK on every route and day of early 2040, each with economy in live.availability."""
    make_reference(connection)
    sizes = {"routes": ROUTES, "days": DAYS, "departures": PER_ROUTE_AND_DAY}
    connection.execute(_AIRPORTS, sizes)
    connection.execute(_FLIGHTS, sizes)
    connection.execute(_AVAILABILITY)
    connection.execute("analyze app.flights")
    connection.execute("analyze live.availability")
