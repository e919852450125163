"""Flights, their live availability and their outcomes: one statement each."""

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.context import current
from app.core.ids import uuid7
from app.flights.models import Flight
from app.flights.schemas import Departure, FlightStatus

_FIND_FLIGHTS = text("""
    select
        id, airline, flight_number, origin, destination, departure_date,
        departs_local, departs_zone, arrives_local, arrives_zone, departs_at, arrives_at,
        estimated_departs_at, estimated_arrives_at, status, delay_minutes, aircraft_type, distance_km
    from app.flights
    where id = any(:flight_ids)
""")
_LIST_AVAILABILITY = text("""
    select cabin, capacity, classes, seats_open, lsn, source_ts, statement_timestamp() as read_at
    from live.availability
    where flight_id = :flight_id
    order by cabin
""")
# Flights by their index on route and day, availability by its primary key.
_FIND_DEPARTURES = text("""
    select
        flight.id as flight_id, flight.airline, flight.flight_number, flight.origin, flight.destination,
        flight.departure_date, flight.departs_local, flight.departs_zone, flight.arrives_local,
        flight.arrives_zone, flight.departs_at, flight.arrives_at, flight.aircraft_type,
        flight.distance_km, cabin.classes, cabin.seats_open, cabin.source_ts,
        statement_timestamp() as read_at
    from app.flights as flight
    join live.availability as cabin on cabin.flight_id = flight.id and cabin.cabin = :cabin
    where flight.origin = :origin
        and flight.destination = :destination
        and flight.departure_date = :departure_date
        and flight.departs_at > :departs_after
        and flight.status = any(:statuses)
    order by flight.departs_at, flight.id
    limit :limit
""")
_LIST_FLIGHT_IDS = """
    select id
    from app.flights
    where origin = :origin
        and destination = :destination
        and departure_date between :departs_from and :departs_to
        and (cast(:weekdays as integer[]) is null or extract(isodow from departure_date) = any(:weekdays))
        and (cast(:place as uuid) is null or id {beyond} :place)
    order by id {direction}
    limit :limit
"""
_LIST_FLIGHT_IDS_ON = text(_LIST_FLIGHT_IDS.format(beyond=">", direction="asc"))
_LIST_FLIGHT_IDS_BACK = text(_LIST_FLIGHT_IDS.format(beyond="<", direction="desc"))
_APPLY_OUTCOMES = text("""
    with due as materialized (
        select flight_id, kind, departure_delay_minutes, arrival_delay_minutes, known_at
        from app.flight_outcomes
        where applied_at is null and known_at <= :until
        order by known_at, flight_id
        limit :limit
        for update skip locked
    ),
    applied as (
        update app.flight_outcomes as outcome
        set applied_at = :until
        from due
        where outcome.flight_id = due.flight_id
    )
    update app.flights as flight
    set
        status = case due.kind when 'flown' then 'arrived' else due.kind end,
        delay_minutes = coalesce(due.departure_delay_minutes, 0),
        estimated_departs_at = flight.departs_at + make_interval(mins => due.departure_delay_minutes),
        estimated_arrives_at = flight.arrives_at + make_interval(mins => due.arrival_delay_minutes),
        updated_at = now()
    from due
    where flight.id = due.flight_id
    returning flight.id, flight.status, flight.delay_minutes, due.known_at
""")
_INSERT_EVENTS = text("""
    insert into app.domain_events (
        id, type, entity_type, entity_id, payload, occurred_at, request_id, simulated
    )
    select id, 'FlightUpdated', 'flight', flight_id, payload::jsonb, occurred_at, :request_id, :simulated
    from unnest(
        cast(:ids as uuid[]),
        cast(:flight_ids as uuid[]),
        cast(:payloads as text[]),
        cast(:moments as timestamptz[])
    ) as event (id, flight_id, payload, occurred_at)
""")

_LOCK_FLIGHT = text("""
    select
        id, airline, flight_number, origin, destination, departure_date,
        departs_local, departs_zone, arrives_local, arrives_zone, departs_at, arrives_at,
        estimated_departs_at, estimated_arrives_at, status, delay_minutes, aircraft_type, distance_km
    from app.flights
    where id = :flight_id
    for no key update
""")
_LIST_MINIMUM_CONNECTIONS = text("""
    select
        airport, domestic_domestic_minutes, domestic_international_minutes, international_domestic_minutes,
        international_international_minutes
    from app.minimum_connections
""")


async def find_flights(session: AsyncSession, flight_ids: Collection[UUID]) -> Sequence[Row[Any]]:
    return (await session.execute(_FIND_FLIGHTS, {"flight_ids": list(flight_ids)})).all()


async def find_flight_for_update(session: AsyncSession, flight_id: UUID) -> Row[Any] | None:
    """Locks the flight, but not against who only refers to it."""
    return (await session.execute(_LOCK_FLIGHT, {"flight_id": flight_id})).one_or_none()


async def update_flight(session: AsyncSession, flight_id: UUID, values: dict[str, Any]) -> None:
    statement = update(Flight).where(col(Flight.id) == flight_id).values(values | {"updated_at": func.now()})
    await session.execute(statement, execution_options={"synchronize_session": False})


async def list_availability(session: AsyncSession, flight_id: UUID) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_AVAILABILITY, {"flight_id": flight_id})).all()


async def find_departures(
    session: AsyncSession,
    origin: str,
    destination: str,
    departure_date: date,
    cabin: str,
    statuses: Sequence[FlightStatus],
    departs_after: datetime,
    limit: int,
) -> list[Departure]:
    """Departures of one local day, by time, with one cabin's availability."""
    parameters = {
        "origin": origin,
        "destination": destination,
        "departure_date": departure_date,
        "cabin": cabin,
        "departs_after": departs_after,
        "statuses": [status.value for status in statuses],
        "limit": limit,
    }
    return [Departure(**row._mapping) for row in await session.execute(_FIND_DEPARTURES, parameters)]


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
    is_backwards: bool,
) -> list[UUID]:
    """Flights of a route between two local days, by id beyond a place, whatever became of them."""
    parameters = {
        "origin": origin,
        "destination": destination,
        "departs_from": departs_from,
        "departs_to": departs_to,
        "weekdays": None if weekdays is None else list(weekdays),
        "place": place,
        "limit": limit,
    }
    statement = _LIST_FLIGHT_IDS_BACK if is_backwards else _LIST_FLIGHT_IDS_ON
    return list((await session.scalars(statement, parameters)).all())


async def apply_outcomes(session: AsyncSession, until: datetime, limit: int) -> Sequence[Row[Any]]:
    """Give each flight whose outcome is known by `until` what became of it; the flights changed."""
    return (await session.execute(_APPLY_OUTCOMES, {"until": until, "limit": limit})).all()


async def insert_flight_updated(session: AsyncSession, flights: Sequence[Row[Any]]) -> None:
    """One event for each flight of `apply_outcomes`, as of the moment its outcome became known."""
    context = current()
    payloads = [
        {"flight_id": str(flight.id), "status": flight.status, "delay_minutes": flight.delay_minutes}
        for flight in flights
    ]
    parameters = {
        "ids": [uuid7() for _ in flights],
        "flight_ids": [flight.id for flight in flights],
        "payloads": [json.dumps(payload, sort_keys=True) for payload in payloads],
        "moments": [flight.known_at for flight in flights],
        "request_id": context.request_id,
        "simulated": context.is_simulated,
    }
    await session.execute(_INSERT_EVENTS, parameters)


async def list_minimum_connections(session: AsyncSession) -> Sequence[Row[Any]]:
    """Those airports that have stated any. Null is not stated."""
    return (await session.execute(_LIST_MINIMUM_CONNECTIONS)).all()
