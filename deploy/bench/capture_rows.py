"""The rows the capture bench changes: one cabin on each of many flights."""

from uuid import UUID

import psycopg

Connection = psycopg.Connection[tuple[object, ...]]

_REFERENCE_ROWS = """
insert into app.airports (code, name, city, country, latitude, longitude, zone)
values
    ('AAA', 'From', 'From', 'US', 40.0, -73.0, 'America/New_York'),
    ('BBB', 'To', 'To', 'US', 34.0, -118.0, 'America/Los_Angeles');

insert into app.airlines (code, name) values ('ZZ', 'Bench');

insert into app.aircraft_types (code, manufacturer, model, seats, cabins)
values ('B', 'Bench', 'One', 180, '{"economy": 180}');
"""

_FLIGHTS = """
insert into app.flights (
    id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
    arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km
)
select
    gen_random_uuid(),
    'ZZ',
    '1',
    'AAA',
    'BBB',
    current_date + 30,
    current_date + 30 + n * interval '1 minute',
    'UTC',
    current_date + 30 + n * interval '1 minute' + interval '5 hours',
    'UTC',
    current_date + 30 + n * interval '1 minute',
    current_date + 30 + n * interval '1 minute' + interval '5 hours',
    'B',
    4000
from generate_series(1, %s) as n
"""

_CABINS = """
insert into app.cabin_inventories (id, flight_id, cabin, capacity, authorised, classes, limits, held, sold)
select
    gen_random_uuid(),
    id,
    'economy',
    180,
    180,
    '{Y,B,M,H,Q,K}',
    '{180,150,120,90,60,30}',
    '{0,0,0,0,0,0}',
    '{0,0,0,0,0,0}'
from app.flights
"""

CHANGE_ONE = """
update app.cabin_inventories
set version = version + 1, updated_at = clock_timestamp()
where id = %s
"""

CHANGE_SOME = """
update app.cabin_inventories
set version = version + 1, updated_at = clock_timestamp()
where id = any(%s)
"""


def add_cabins(connection: Connection, count: int) -> dict[UUID, UUID]:
    """Add `count` flights of one cabin each; the flight of every cabin row by the row's id."""
    connection.execute(_REFERENCE_ROWS)
    connection.execute(_FLIGHTS, (count,))
    connection.execute(_CABINS)
    connection.commit()
    rows = connection.execute("select id, flight_id from app.cabin_inventories order by id").fetchall()
    connection.commit()
    return {UUID(str(row_id)): UUID(str(flight_id)) for row_id, flight_id in rows}
