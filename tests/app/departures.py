"""Departures and bookings for tests: written straight into the tables, as the schedule's loader does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg

from app.core.ids import new_pnr, uuid7

AIRPORTS = {
    "JFK": ("John F Kennedy Intl", "New York", "US", 40.6398, -73.7789, "America/New_York"),
    "LAX": ("Los Angeles Intl", "Los Angeles", "US", 33.9425, -118.408, "America/Los_Angeles"),
    "SFO": ("San Francisco Intl", "San Francisco", "US", 37.619, -122.3749, "America/Los_Angeles"),
    "ORD": ("Chicago O'Hare Intl", "Chicago", "US", 41.9786, -87.9048, "America/Chicago"),
    "DEN": ("Denver Intl", "Denver", "US", 39.8617, -104.673, "America/Denver"),
    "AKL": ("Auckland Intl", "Auckland", "NZ", -37.0081, 174.7917, "Pacific/Auckland"),
    "LHR": ("London Heathrow", "London", "GB", 51.4706, -0.461941, "Europe/London"),
}
ECONOMY = {"Y": 10, "B": 8, "M": 6, "H": 5, "Q": 4, "K": 2}
DISTANCE_KM = 3983
FLIGHT_TIME = timedelta(hours=6, minutes=10)
NOON = datetime(2031, 5, 4, 16, 0, tzinfo=UTC)

_numbers = count(1)


@dataclass(frozen=True)
class Departure:
    flight_id: UUID
    origin: str
    destination: str
    departs_at: datetime
    cabin_ids: dict[str, UUID] = field(default_factory=dict)


def connect(conninfo: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(conninfo, autocommit=True)


def make_reference(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """The airports, the airline and the aircraft type the departures below need."""
    for code, row in AIRPORTS.items():
        connection.execute(
            "insert into app.airports (code, name, city, country, latitude, longitude, zone) "
            "values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
            (code, *row),
        )
    connection.execute(
        "insert into app.airlines (code, name) values ('B6', 'JetBlue Airways'), ('UA', 'United Airlines') "
        "on conflict do nothing"
    )
    connection.execute(
        "insert into app.aircraft_types (code, manufacturer, model, seats, cabins) "
        "values ('A320', 'AIRBUS', 'A320-232', 182, '{}') on conflict do nothing"
    )


def make_departure(
    connection: "psycopg.Connection[tuple[object, ...]]",
    *,
    departs_at: datetime = NOON,
    origin: str = "JFK",
    destination: str = "LAX",
    cabins: Mapping[str, Mapping[str, int]] | None = None,
    status: str = "scheduled",
    live_at: datetime | None = None,
    airline: str = "B6",
    flight_time: timedelta = FLIGHT_TIME,
    distance_km: int = DISTANCE_KM,
) -> Departure:
    """One flight with its cabins (cabin -> fare class -> limit); live as of `live_at`."""
    make_reference(connection)
    departure = Departure(uuid7(), origin, destination, departs_at)
    departs_zone, arrives_zone = AIRPORTS[origin][5], AIRPORTS[destination][5]
    arrives_at = departs_at + flight_time
    departs_local = departs_at.astimezone(ZoneInfo(departs_zone)).replace(tzinfo=None)
    arrives_local = arrives_at.astimezone(ZoneInfo(arrives_zone)).replace(tzinfo=None)
    connection.execute(
        "insert into app.flights (id, airline, flight_number, origin, destination, departure_date, "
        "departs_local, departs_zone, arrives_local, arrives_zone, departs_at, arrives_at, aircraft_type, "
        "distance_km, status) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'A320', %s, %s)",
        (departure.flight_id, airline, str(next(_numbers)), origin, destination, departs_local.date(),
         departs_local, departs_zone, arrives_local, arrives_zone, departs_at, arrives_at,
         distance_km, status),
    )  # fmt: skip
    for cabin, limits in (cabins or {"economy": ECONOMY}).items():
        departure.cabin_ids[cabin] = _make_cabin(connection, departure.flight_id, cabin, limits)
        if live_at is not None:
            copy_to_live(connection, departure.cabin_ids[cabin], live_at)
    return departure


def _make_cabin(
    connection: "psycopg.Connection[tuple[object, ...]]",
    flight_id: UUID,
    cabin: str,
    limits: Mapping[str, int],
) -> UUID:
    cabin_id, seats, nothing = uuid7(), max(limits.values()), [0] * len(limits)
    connection.execute(
        "insert into app.cabin_inventories (id, flight_id, cabin, capacity, authorised, classes, limits, "
        "held, sold) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (cabin_id, flight_id, cabin, seats, seats, list(limits), list(limits.values()), nothing, nothing),
    )
    return cabin_id


def copy_to_live(
    connection: "psycopg.Connection[tuple[object, ...]]", cabin_id: UUID, source_ts: datetime
) -> None:
    """What the availability flow does with one cabin row."""
    connection.execute(
        "insert into live.availability (flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, "
        "limits, held, sold, seats_open, version, lsn, source_ts, is_snapshot) "
        "select flight_id, cabin, id, capacity, authorised, classes, limits, held, sold, "
        "app.seats_open(limits, held, sold), version, 1, %s, false from app.cabin_inventories where id = %s "
        "on conflict (flight_id, cabin) do update set held = excluded.held, sold = excluded.sold, "
        "seats_open = excluded.seats_open, source_ts = excluded.source_ts",
        (source_ts, cabin_id),
    )


def make_booking(
    connection: "psycopg.Connection[tuple[object, ...]]", now: datetime = NOON - timedelta(days=30)
) -> UUID:
    """A held booking without passengers or items: all that a seat hold points at."""
    booking_id = uuid7()
    connection.execute(
        "insert into app.bookings (id, pnr, contact_subject_id, status, offer_id, channel, currency, "
        "total_minor, passenger_count, price_guarantee_expires_at, payment_required_by, distinct_surnames, "
        "created_at, request_id) values (%s, %s, %s, 'held', %s, 'api', 'USD', 0, 1, %s, %s, 1, %s, 'test')",
        (booking_id, new_pnr(), uuid7(), uuid7(), now, now, now),
    )
    return booking_id
