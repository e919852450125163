"""Reading flights, deciding whether they are for sale, and letting history happen to them."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events
from app.flights import rules, store
from app.flights.errors import FlightClosed, FlightNotFound, StatusRefused
from app.flights.schemas import (
    Cabin,
    CabinAvailability,
    CheckInWindow,
    ClassAvailability,
    Departure,
    FlightAvailability,
    FlightStatus,
    FlightView,
    MinimumConnections,
    Traffic,
)

# Bounds the locks and the write-ahead log of one transaction; the caller repeats until nothing is due.
OUTCOMES_PER_CALL = 1000

# Every search asks for them, and they change a few times a year.
MINIMUM_CONNECTIONS_CACHE_SECONDS = 60

_minimum_connections: dict[str, MinimumConnections] = {}
_minimum_connections_read_at = float("-inf")


async def get_flights(session: AsyncSession, flight_ids: Sequence[UUID]) -> dict[UUID, FlightView]:
    """The flights by id. Raises FlightNotFound when one is missing."""
    flights = await find_flights(session, flight_ids)
    if len(flights) < len(set(flight_ids)):
        raise FlightNotFound()
    return flights


async def find_flights(session: AsyncSession, flight_ids: Collection[UUID]) -> dict[UUID, FlightView]:
    """Those of the flights that there are."""
    return {row.id: FlightView(**row._mapping) for row in await store.find_flights(session, flight_ids)}


async def get_flight(session: AsyncSession, flight_id: UUID) -> FlightView:
    """Raises FlightNotFound."""
    return (await get_flights(session, [flight_id]))[flight_id]


def is_open_for_sale(flight: FlightView, now: datetime) -> bool:
    return rules.is_open_for_sale(flight.status, flight.departs_at, now)


def sale_closes_at(flight: FlightView) -> datetime:
    return flight.departs_at - rules.SALE_CLOSES_BEFORE_DEPARTURE


def check_in_window(flight: FlightView) -> CheckInWindow:
    return rules.check_in_window(flight.departs_at)


def is_check_in_open(flight: FlightView, now: datetime) -> bool:
    return rules.is_check_in_open(flight.status, flight.departs_at, now)


def ensure_open_for_sale(flight: FlightView, now: datetime) -> None:
    """Raises FlightClosed within the last hour, and for a flight that left or never will."""
    if not rules.is_open_for_sale(flight.status, flight.departs_at, now):
        raise FlightClosed(
            f"{flight.airline} {flight.flight_number} is {flight.status}; "
            f"its sale closes at {(flight.departs_at - rules.SALE_CLOSES_BEFORE_DEPARTURE).isoformat()}"
        )


async def list_flight_ids(
    session: AsyncSession,
    origin: str,
    destination: str,
    departs_from: date,
    departs_to: date,
    weekdays: Sequence[int] | None,
    place: UUID | None,
    limit: int,
    *,
    is_backwards: bool = False,
) -> list[UUID]:
    """Flights of a route between two local days of departure (ISO weekdays; all where None), by id."""
    return await store.list_flight_ids(
        session,
        origin,
        destination,
        departs_from,
        departs_to,
        weekdays,
        place,
        limit,
        is_backwards=is_backwards,
    )


def ensure_operates(flight: FlightView) -> None:
    """Raises FlightClosed for a flight that has left, or never will. Whoever sells a seat asks last."""
    if flight.status not in rules.NOT_LEFT:
        raise FlightClosed(f"{flight.airline} {flight.flight_number} is {flight.status}")


async def set_status(
    session: AsyncSession,
    flight_id: UUID,
    status: FlightStatus,
    now: datetime,
    *,
    details: Mapping[str, Any] | None = None,
) -> FlightView:
    """Let a flight go from its state to another, and tell of it. `details` go into the event.

    Locks the flight. Raises FlightNotFound, StatusRefused."""
    flight = await lock_flight_for_update(session, flight_id)
    if not rules.may_become(flight.status, status):
        allowed = ", ".join(sorted(rules.TRANSITIONS[flight.status])) or "no other"
        raise StatusRefused(f"it is {flight.status}; from there it may become {allowed}")
    values: dict[str, Any] = {"status": status}
    if status is FlightStatus.DEPARTED:
        late = now - flight.departs_at
        values |= {"estimated_departs_at": now, "delay_minutes": round(late.total_seconds() / 60)}
    elif status is FlightStatus.ARRIVED:
        values["estimated_arrives_at"] = now
    return await _update(session, flight_id, values, now, details)


async def set_delay(
    session: AsyncSession,
    flight_id: UUID,
    delay_minutes: int,
    now: datetime,
    *,
    details: Mapping[str, Any] | None = None,
) -> FlightView:
    """Expect a flight that has not left to leave and arrive so much later than planned; 0 takes it back.

    Locks the flight. Raises FlightNotFound, StatusRefused."""
    flight = await lock_flight_for_update(session, flight_id)
    if flight.status not in rules.NOT_LEFT:
        raise StatusRefused(f"it is {flight.status}; what has left or never will is not delayed")
    late = timedelta(minutes=delay_minutes)
    values = {
        "status": rules.status_when_late(flight.status, delay_minutes),
        "delay_minutes": delay_minutes,
        "estimated_departs_at": flight.departs_at + late if delay_minutes else None,
        "estimated_arrives_at": flight.arrives_at + late if delay_minutes else None,
    }
    return await _update(session, flight_id, values, now, details)


async def set_aircraft(
    session: AsyncSession,
    flight_id: UUID,
    aircraft_type: str,
    now: datetime,
    *,
    details: Mapping[str, Any] | None = None,
) -> FlightView:
    """Plan a flight that has not left with another aircraft. Cabins and seats are inventory's.

    Locks the flight. Raises FlightNotFound, StatusRefused."""
    flight = await lock_flight_for_update(session, flight_id)
    if flight.status not in rules.NOT_LEFT:
        raise StatusRefused(f"it is {flight.status}; it keeps the aircraft it has")
    values = {"aircraft_type": aircraft_type, "tail_number": None}
    return await _update(session, flight_id, values, now, details)


async def lock_flight_for_update(session: AsyncSession, flight_id: UUID) -> FlightView:
    """Raises FlightNotFound."""
    row = await store.find_flight_for_update(session, flight_id)
    if row is None:
        raise FlightNotFound()
    return FlightView(**row._mapping)


async def _update(
    session: AsyncSession,
    flight_id: UUID,
    values: dict[str, Any],
    now: datetime,
    details: Mapping[str, Any] | None,
) -> FlightView:
    await store.update_flight(session, flight_id, values)
    flight = await get_flight(session, flight_id)
    payload = {"flight_id": flight_id, "status": flight.status, "delay_minutes": flight.delay_minutes}
    await events.record(
        session, "FlightUpdated", "flight", flight_id, payload | dict(details or {}), occurred_at=now
    )
    return flight


async def find_departures(
    session: AsyncSession,
    origin: str,
    destination: str,
    departure_date: date,
    cabin: Cabin,
    now: datetime,
    limit: int,
) -> list[Departure]:
    """Departures of a route and local day that are for sale at `now`, with one cabin's live availability."""
    closing = now + rules.SALE_CLOSES_BEFORE_DEPARTURE
    return await store.find_departures(
        session, origin, destination, departure_date, cabin, rules.STATUSES_FOR_SALE, closing, limit
    )


async def get_availability(session: AsyncSession, flight_id: UUID) -> FlightAvailability:
    """What the streams last saw of a flight's cabins. Raises FlightNotFound."""
    return (await get_availability_version(session, flight_id))[0]


async def get_availability_version(session: AsyncSession, flight_id: UUID) -> tuple[FlightAvailability, int]:
    """Live availability, and the place in the core's log of the newest change it includes, 0 without any.

    Raises FlightNotFound."""
    await get_flight(session, flight_id)
    rows = await store.list_availability(session, flight_id)
    as_of = max((row.source_ts for row in rows), default=None)
    availability = FlightAvailability(
        flight_id=flight_id,
        cabins=[
            CabinAvailability(
                cabin=row.cabin,
                capacity=row.capacity,
                classes=[
                    ClassAvailability(fare_class=fare_class, seats_open=seats)
                    for fare_class, seats in zip(row.classes, row.seats_open, strict=True)
                ],
                as_of=row.source_ts,
            )
            for row in rows
        ],
        as_of=as_of,
        age_ms=None if as_of is None else age_ms(as_of, rows[0].read_at),
    )
    return availability, max((row.lsn for row in rows), default=0)


def age_ms(as_of: datetime, read_at: datetime) -> int:
    """Both by the clock of the database, so they can be compared to the millisecond."""
    return max(0, round((read_at - as_of).total_seconds() * 1000))


async def apply_outcomes(session: AsyncSession, until: datetime, limit: int = OUTCOMES_PER_CALL) -> int:
    """Let flights whose outcome is known by `until` arrive, be cancelled or divert; how many changed.

    One update and one FlightUpdated event a flight. 0 means that nothing is left."""
    flights = await store.apply_outcomes(session, until, limit)
    if flights:
        await store.insert_flight_updated(session, flights)
    return len(flights)


async def minimum_connections(
    session: AsyncSession, airports: Sequence[str]
) -> dict[str, MinimumConnections]:
    """How long a change of flights takes at each of the airports, at most a minute old."""
    global _minimum_connections, _minimum_connections_read_at
    asked_at = time.monotonic()
    if asked_at - _minimum_connections_read_at >= MINIMUM_CONNECTIONS_CACHE_SECONDS:
        rows = await store.list_minimum_connections(session)
        _minimum_connections = {row.airport: _stated(row) for row in rows}
        _minimum_connections_read_at = asked_at
    return {
        airport: _minimum_connections.get(airport, rules.DEFAULT_MINIMUM_CONNECTIONS) for airport in airports
    }


def forget_minimum_connections() -> None:
    """Let the next search of this process read them again."""
    global _minimum_connections_read_at
    _minimum_connections_read_at = float("-inf")


async def minimum_connection(
    session: AsyncSession, airport: str, arriving: Traffic, departing: Traffic
) -> timedelta:
    """The least time between arriving on one flight and leaving on another."""
    return (await minimum_connections(session, [airport]))[airport].between(arriving, departing)


def _stated(row: Row[Any]) -> MinimumConnections:
    stated = {
        name: getattr(row, f"{name}_minutes")
        for name in MinimumConnections.__slots__
        if getattr(row, f"{name}_minutes") is not None
    }
    return replace(
        rules.DEFAULT_MINIMUM_CONNECTIONS,
        **{name: timedelta(minutes=minutes) for name, minutes in stated.items()},
    )
