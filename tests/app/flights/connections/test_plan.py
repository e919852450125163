"""A search for connections reads the flights of its days, however many others there are."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.flights.connections import store
from app.flights.rules import STATUSES_FOR_SALE
from tests.app.network import FLIGHTS, make_network
from tests.databases import TestDatabase

pytestmark = pytest.mark.postgres

ASKED = {
    "origin": "JFK",
    "destination": "LAX",
    "departure_date": date(2040, 2, 1),
    "cabin": "economy",
    "seats": 1,
    "airlines": None,
    "departs_after": datetime(2040, 1, 1, tzinfo=UTC),
    "statuses": [status.value for status in STATUSES_FOR_SALE],
    "departs_earliest": None,
    "departs_latest": None,
    "arrives_earliest": None,
    "arrives_latest": None,
    "shortest": timedelta(minutes=20),
    "longest": timedelta(hours=12),
    "longest_way_km": 9_000,
    "limit": 90,
}
# From every airport JFK flies to on to LAX, and between the first two, four hours after each other.
_ONWARD = """
    insert into app.flights (
        id, airline, flight_number, origin, destination, departure_date, departs_local, departs_zone,
        arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, distance_km
    )
    select
        gen_random_uuid(), 'B6', flight_number, destination, onward.code, departure_date,
        arrives_local + interval '1 hour', arrives_zone,
        arrives_local + interval '4 hours', 'America/Chicago',
        arrives_at + interval '1 hour', arrives_at + interval '4 hours', 'A320', 1800
    from app.flights
    cross join (values ('LAX'), ('QAA'), ('QAB')) as onward (code)
    where origin = 'JFK' and destination like 'Q__'
        and departure_date between '2040-01-28' and '2040-02-05'
        and destination <> onward.code
"""
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def network(core_database: TestDatabase) -> Iterator[Connection]:
    """The large network with ways on from each of its airports, rolled back afterwards."""
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        make_network(connection)
        connection.execute(_ONWARD)
        connection.execute(
            "insert into live.availability (flight_id, cabin, cabin_inventory_id, capacity, authorised, "
            "classes, limits, held, sold, seats_open, version, lsn, source_ts, is_snapshot) "
            "select id, 'economy', id, 9, 9, '{Y}', '{9}', '{0}', '{0}', '{9}', 1, 1, now(), true "
            "from app.flights where departure_date >= '2040-01-01' on conflict do nothing"
        )
        connection.execute("analyze app.flights")
        connection.execute("analyze live.availability")
        yield connection
        connection.rollback()


def explain(connection: Connection, statement: TextClause) -> dict[str, Any]:
    sql = str(statement.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]
    row = connection.execute("explain (analyze, format json) " + sql, ASKED).fetchone()
    assert row is not None
    found: dict[str, Any] = row[0][0]
    return found


def scans(plan: dict[str, Any]) -> set[tuple[str, str]]:
    """(kind, table) of every table the plan reads."""
    own = {(plan["Node Type"], plan["Relation Name"])} if "Relation Name" in plan else set()
    return own.union(*(scans(child) for child in plan.get("Plans", [])))


@pytest.mark.parametrize("stops", [1, 2])
def test_a_search_for_connections_never_scans_the_flights(network: Connection, stops: int) -> None:
    counted = network.execute("select count(*) > %s from app.flights", (FLIGHTS,)).fetchone()
    assert counted == (True,)

    plan = explain(network, store._BY_STOPS[stops])["Plan"]

    assert plan["Actual Rows"] == ASKED["limit"]
    assert ("Seq Scan", "flights") not in scans(plan)
