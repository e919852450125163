"""Schedules and the flights made of them: one statement each."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.db import execute_and_count, violated_constraint
from app.core.errors import DomainError
from app.core.pages import Window
from app.flights.models import Flight, Schedule
from app.flights.schedules.errors import ReferenceUnknown, ScheduleImpossible, ScheduleInUse, ScheduleOverlaps
from app.flights.schedules.schemas import ScheduleFilter

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}

_REFUSALS: dict[str, DomainError] = {
    "schedules_do_not_overlap": ScheduleOverlaps(),
    "schedules_validity": ScheduleImpossible("it ends before it begins", pointer="/valid_to"),
    "schedules_airline_fkey": ReferenceUnknown("there is no such airline", pointer="/airline"),
    "schedules_origin_fkey": ReferenceUnknown("there is no such airport", pointer="/origin"),
    "schedules_destination_fkey": ReferenceUnknown("there is no such airport", pointer="/destination"),
    "schedules_aircraft_type_fkey": ReferenceUnknown(
        "there is no such aircraft type", pointer="/aircraft_type"
    ),
    "flights_schedule_id_fkey": ScheduleInUse(),
}
_LIST_DUE = text("""
    select schedule.*, day::date as departure_date
    from app.schedules as schedule
    cross join lateral generate_series(
        greatest(schedule.valid_from, cast(:first as date))::timestamp,
        least(schedule.valid_to, cast(:last as date))::timestamp,
        interval '1 day'
    ) as day
    where schedule.weekday = extract(isodow from day)
        and schedule.valid_from <= :last
        and schedule.valid_to >= :first
        and (cast(:airline as text) is null or schedule.airline = :airline)
        and (cast(:schedule_id as uuid) is null or schedule.id = :schedule_id)
    order by departure_date, schedule.id
    limit :limit
""")
_LIST_FLOWN = text("""
    select asked.place
    from unnest(
        cast(:airlines as text[]), cast(:numbers as text[]), cast(:origins as text[]),
        cast(:destinations as text[]), cast(:days as date[])
    ) with ordinality as asked (airline, flight_number, origin, destination, day, place)
    where exists (
        select from app.flights as flight
        where flight.airline = asked.airline
            and flight.flight_number = asked.flight_number
            and flight.origin = asked.origin
            and flight.destination = asked.destination
            and flight.departure_date = asked.day
    )
""")


async def insert_schedules(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Raises ScheduleOverlaps, ReferenceUnknown, ScheduleImpossible."""
    try:
        await session.execute(insert(Schedule), list(rows))
    except IntegrityError as error:
        raise _refusal(error) from error


async def find_schedule(session: AsyncSession, schedule_id: UUID) -> Schedule | None:
    statement = select(Schedule).where(col(Schedule.id) == schedule_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_schedule_for_update(session: AsyncSession, schedule_id: UUID) -> Schedule | None:
    """Locks the schedule."""
    statement = select(Schedule).where(col(Schedule.id) == schedule_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_schedules(
    session: AsyncSession, asked: ScheduleFilter, window: Window, place: UUID | None
) -> Sequence[Schedule]:
    """By id, in the window's direction and one more than it asks for."""
    key = col(Schedule.id)
    order = key.desc() if window.is_backwards else key
    statement = select(Schedule).order_by(order).limit(window.limit + 1)
    for name in ("airline", "flight_number", "origin", "destination"):
        wanted = getattr(asked, name)
        if wanted is not None:
            statement = statement.where(getattr(Schedule, name) == wanted)
    if asked.on is not None:
        statement = statement.where(
            col(Schedule.valid_from) <= asked.on,
            col(Schedule.valid_to) >= asked.on,
            col(Schedule.weekday) == asked.on.isoweekday(),
        )
    if place is not None:
        statement = statement.where(key < place if window.is_backwards else key > place)
    return (await session.scalars(statement)).all()


async def list_schedules_of(
    session: AsyncSession, airline: str, first: date, last: date, limit: int
) -> Sequence[Schedule]:
    """All of an airline's that fly between two days."""
    statement = (
        select(Schedule)
        .where(
            col(Schedule.airline) == airline,
            col(Schedule.valid_from) <= last,
            col(Schedule.valid_to) >= first,
        )
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def update_schedule(session: AsyncSession, schedule_id: UUID, values: dict[str, Any]) -> None:
    """Raises ScheduleOverlaps, ReferenceUnknown, ScheduleImpossible."""
    statement = (
        update(Schedule)
        .where(col(Schedule.id) == schedule_id)
        .values(values | {"version": Schedule.version + 1, "updated_at": func.now()})
    )
    try:
        await session.execute(statement, execution_options=_UNSYNCED)
    except IntegrityError as error:
        raise _refusal(error) from error


async def delete_schedule(session: AsyncSession, schedule_id: UUID) -> int:
    """Raises ScheduleInUse when flights were made from it."""
    try:
        return await execute_and_count(session, delete(Schedule).where(col(Schedule.id) == schedule_id))
    except IntegrityError as error:
        raise _refusal(error) from error


async def list_due(
    session: AsyncSession, first: date, last: date, airline: str | None, schedule_id: UUID | None, limit: int
) -> Sequence[Any]:
    """Each departure the schedules hold between two days: the schedule's columns and departure_date."""
    parameters = {
        "first": first, "last": last, "airline": airline, "schedule_id": schedule_id, "limit": limit
    }  # fmt: skip
    return (await session.execute(_LIST_DUE, parameters)).all()


async def find_flown(session: AsyncSession, due: Sequence[Any]) -> set[int]:
    """The places, from 0, of those departures that are flights already."""
    parameters = {
        "airlines": [row.airline for row in due],
        "numbers": [row.flight_number for row in due],
        "origins": [row.origin for row in due],
        "destinations": [row.destination for row in due],
        "days": [row.departure_date for row in due],
    }
    return {place - 1 for place in (await session.scalars(_LIST_FLOWN, parameters)).all()}


async def insert_flights(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """The ids of those that were not there yet."""
    statement = insert_or_skip(Flight).values(list(rows)).on_conflict_do_nothing()
    return set((await session.scalars(statement.returning(col(Flight.id)))).all())


def _refusal(error: IntegrityError) -> Exception:
    refusal = _REFUSALS.get(violated_constraint(error) or "")
    if refusal is None:
        return error
    return type(refusal)(refusal.detail, pointer=refusal.pointer)
