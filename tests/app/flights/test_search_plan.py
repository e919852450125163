"""A search reads the flights of its route and day, however many others there are."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.flights import store
from app.flights.rules import STATUSES_FOR_SALE
from tests.app.network import FLIGHTS, PER_ROUTE_AND_DAY, make_network
from tests.databases import TestDatabase

pytestmark = pytest.mark.postgres

LIMIT = 50
ASKED = {
    "origin": "JFK",
    "destination": "QAC",
    "departure_date": date(2040, 2, 1),
    "cabin": "economy",
    "departs_after": datetime(2040, 1, 1, tzinfo=UTC),
    "statuses": [status.value for status in STATUSES_FOR_SALE],
    "limit": LIMIT,
}
EXPLAIN = "explain (analyze, format json) " + str(
    store._FIND_DEPARTURES.compile(dialect=PGDialect_psycopg())  # type: ignore[no-untyped-call]
)
Connection = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="module")
def network(core_database: TestDatabase) -> Iterator[Connection]:
    """The large network, in a transaction that is rolled back."""
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        make_network(connection)
        yield connection
        connection.rollback()


def explain(connection: Connection) -> dict[str, Any]:
    row = connection.execute(EXPLAIN, ASKED).fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def scans(plan: dict[str, Any]) -> set[tuple[str, str]]:
    """(kind, table) of every table the plan reads."""
    own = {(plan["Node Type"], plan["Relation Name"])} if "Relation Name" in plan else set()
    return own.union(*(scans(child) for child in plan.get("Plans", [])))


def test_a_search_never_scans_the_flights(network: Connection) -> None:
    assert network.execute("select count(*) >= %s from app.flights", (FLIGHTS,)).fetchone() == (True,)

    plan = explain(network)

    assert plan["Actual Rows"] == LIMIT < PER_ROUTE_AND_DAY
    assert {table for _, table in scans(plan)} == {"flights", "availability"}
    assert {kind for kind, _ in scans(plan) if kind == "Seq Scan"} == set()


def test_without_its_index_the_same_check_sees_the_flights_scanned(network: Connection) -> None:
    with network.transaction(force_rollback=True):
        network.execute("drop index app.flights_by_route_and_day, app.flights_by_departure")
        network.execute("alter table app.flights drop constraint flights_departure_key")

        assert ("Seq Scan", "flights") in scans(explain(network))
