"""Bulk writes of the schedule: a chunk's rows of one table travel as one JSON document and one statement.

COPY is not used: change capture has lost rows copied into a captured table on restart, and the application's
role may not make the temporary tables that would stand between.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import LiteralString

import psycopg
from psycopg import sql

from app.inventory.rules import opening_limits
from deploy.demo.aircraft import AircraftType
from deploy.demo.periods import Schedule, stable_id
from deploy.demo.source import Airport
from deploy.demo.timetable import Leg

# The application role's own limit of 5 s is for requests; a chunk of departures takes about 2 s on an
# idle machine, and may have to wait for a busy one.
STATEMENT_TIMEOUT = "60s"

# Reference rows have no moment of their own; the ids of routes begin where the source does.
EPOCH = datetime(2013, 1, 1, tzinfo=UTC)

Row = Sequence[object]

COLUMNS: dict[str, tuple[LiteralString, ...]] = {
    "airports": ("code", "name", "city", "country", "latitude", "longitude", "zone", "simulated"),
    "airlines": ("code", "name", "simulated"),
    "aircraft_types": ("code", "manufacturer", "model", "seats", "cabins"),
    "routes": ("id", "origin", "destination", "distance_km", "simulated"),
    "schedules": (
        "id", "airline", "flight_number", "origin", "destination", "weekday", "departs_local",
        "arrives_local", "arrives_day_offset", "valid_from", "valid_to", "aircraft_type", "simulated",
    ),
    "flights": (
        "id", "schedule_id", "airline", "flight_number", "origin", "destination", "departure_date",
        "departs_local", "departs_zone", "arrives_local", "arrives_zone", "departs_at", "arrives_at",
        "aircraft_type", "tail_number", "distance_km", "simulated",
    ),
    "cabin_inventories": (
        "id", "flight_id", "cabin", "capacity", "authorised", "classes", "limits", "held", "sold",
    ),
    "flight_outcomes": (
        "flight_id", "kind", "departure_delay_minutes", "arrival_delay_minutes", "known_at",
    ),
}  # fmt: skip


def insert_new(connection: psycopg.Connection, rows_by_table: dict[str, Iterable[Row]]) -> dict[str, int]:
    """Write the rows that are not there yet, table by table in one transaction. Rows inserted per table."""
    inserted = {}
    with connection.transaction():
        connection.execute(sql.SQL("set local statement_timeout = {}").format(STATEMENT_TIMEOUT))
        for table, rows in rows_by_table.items():
            inserted[table] = _insert_new(connection, table, rows)
    return inserted


def airport_rows(airports: Iterable[Airport], simulated: set[str]) -> Iterator[Row]:
    for airport in airports:
        yield (
            airport.code, airport.name, airport.city, airport.country, airport.latitude, airport.longitude,
            airport.zone, airport.code in simulated,
        )  # fmt: skip


def aircraft_rows(types: Iterable[AircraftType]) -> Iterator[Row]:
    for kind in types:
        cabins = [{"cabin": cabin, "seats": seats} for cabin, seats in kind.cabins.items()]
        yield kind.code, kind.manufacturer, kind.model, kind.seats, cabins


def route_row(origin: str, destination: str, distance_km: int, *, simulated: bool) -> Row:
    return stable_id(EPOCH, "route", origin, destination), origin, destination, distance_km, simulated


def schedule_row(schedule: Schedule) -> Row:
    return tuple(getattr(schedule, column) for column in COLUMNS["schedules"])


def flight_row(leg: Leg, schedule_id: object) -> Row:
    return (
        flight_id(leg), schedule_id, leg.airline, leg.flight_number, leg.origin, leg.destination,
        leg.departure_date, leg.departs.local, leg.departs_zone, leg.arrives.local, leg.arrives_zone,
        leg.departs.instant, leg.arrives.instant, leg.aircraft_type, leg.tail_number, leg.distance_km,
        leg.simulated,
    )  # fmt: skip


def cabin_rows(leg: Leg, aircraft: AircraftType) -> Iterator[Row]:
    """One row per cabin: every seat authorised, none held, none sold."""
    flight = flight_id(leg)
    for cabin, seats in aircraft.cabins.items():
        cabin_id = stable_id(leg.departs.instant, "cabin", flight, cabin)
        yield cabin_id, flight, cabin, seats, seats, *_opening_arrays(cabin, seats)


def outcome_row(leg: Leg) -> Row | None:
    outcome = leg.outcome
    if outcome is None:
        return None
    return flight_id(leg), outcome.kind, outcome.departure_delay, outcome.arrival_delay, outcome.known_at


def flight_id(leg: Leg) -> object:
    return stable_id(leg.departs.instant, "flight", *leg.key)


@cache
def _opening_arrays(cabin: str, seats: int) -> tuple[list[str], list[int], list[int], list[int]]:
    """Classes, limits, held, sold."""
    limits = opening_limits(cabin, seats)
    nothing = [0] * len(limits)
    return list(limits), list(limits.values()), nothing, nothing


def _insert_new(connection: psycopg.Connection, table: str, rows: Iterable[Row]) -> int:
    columns = COLUMNS[table]
    document = json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str)
    # A departure that someone else planned keeps its own row and id: nothing is attached to the refused twin.
    attached = "where flight_id in (select id from app.flights)" if "flight_id" in columns else ""
    statement = sql.SQL(
        "insert into {table} ({columns}) "
        "select {columns} from json_populate_recordset(null::{table}, %s::json) {attached} "
        "on conflict do nothing"
    ).format(
        table=sql.Identifier("app", table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        attached=sql.SQL(attached),
    )
    return connection.execute(statement, [document]).rowcount
