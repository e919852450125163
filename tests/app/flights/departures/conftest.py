"""The real schedule of some days over which New York's clocks change, with seats sold at random."""

import random
from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from app.reference import service as reference
from deploy.demo import schedule
from tests.databases import TestDatabase

# In 2037 the clocks go forward on 8 March and back on 1 November; no other test has flights then.
SPRING = (date(2037, 3, 7), date(2037, 3, 9))
AUTUMN = (date(2037, 10, 31), date(2037, 11, 2))
SEED = 20370308

Connection = psycopg.Connection[tuple[object, ...]]
# In the order in which they refer to each other.
_TABLES = {
    "airports": "code",
    "airlines": "code",
    "aircraft_types": "code",
    "routes": "id",
    "schedules": "id",
}
_COPY_TO_LIVE = """
    insert into live.availability (
        flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
        version, lsn, source_ts, is_snapshot
    )
    select flight_id, cabin, cabin.id, capacity, authorised, classes, limits, held, sold,
        app.seats_open(limits, held, sold), cabin.version, 1, now(), true
    from app.cabin_inventories as cabin
    join app.flights as flight on flight.id = cabin.flight_id
    where flight.departure_date >= '2037-01-01'
    on conflict do nothing
"""
_FORGET = """
    delete from live.availability where flight_id in (
        select id from app.flights where departure_date >= '2037-01-01'
    );
    delete from app.cabin_inventories where flight_id in (
        select id from app.flights where departure_date >= '2037-01-01'
    );
    delete from app.flight_outcomes where flight_id in (
        select id from app.flights where departure_date >= '2037-01-01'
    );
    delete from app.flights where departure_date >= '2037-01-01';
"""


@pytest.fixture(scope="module")
def network(core_database: TestDatabase) -> Iterator[Connection]:
    """The departures, and the owner of their tables; taken away again at the end."""
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as connection:
        before = {table: keys(connection, table) for table in _TABLES}
        for first, last in (SPRING, AUTUMN):
            schedule.load(core_database.conninfo("app_rw"), first, last)
        # Airports are kept in the process for a minute, and another test may have asked for them before.
        reference._airports_read_at = float("-inf")
        connection.execute(_COPY_TO_LIVE)
        sell_at_random(connection, random.Random(SEED), share=0.7)
        connection.execute("analyze app.flights")
        connection.execute("analyze live.availability")
        yield connection
        connection.execute(_FORGET)
        for table, key in reversed(_TABLES.items()):
            statement = f"delete from app.{table} where not {key} = any(%s)"
            connection.execute(statement.encode(), (list(before[table]),))


def keys(connection: Connection, table: str) -> list[object]:
    return [row[0] for row in connection.execute(f"select {_TABLES[table]} from app.{table}".encode())]


def sell_at_random(connection: Connection, dice: random.Random, share: float) -> None:
    """Leave a share of the cabins with few seats, and a few flights not for sale."""
    connection.execute("select setseed(%s)", (dice.random(),))
    connection.execute(
        """
        update live.availability as cabin
        set seats_open = array(
                select least(open, floor(random() * 6)::integer) from unnest(seats_open) as open
            ),
            source_ts = clock_timestamp(),
            lsn = lsn + 1
        from app.flights as flight
        where flight.id = cabin.flight_id and flight.departure_date >= '2037-01-01' and random() < %s
        """,
        (share,),
    )
    connection.execute(
        "update app.flights set status = (array['scheduled', 'cancelled', 'delayed'])"
        "[1 + floor(random() * 3)::integer] where departure_date >= '2037-01-01' and random() < 0.05"
    )
