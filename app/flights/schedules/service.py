"""Keeping the timetable, and making its dated flights."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core.context import current
from app.core.etags import Expected
from app.core.ids import uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.flights.local_time import zone_of
from app.flights.models import Schedule
from app.flights.schedules import rules, store
from app.flights.schedules.errors import (
    ReferenceUnknown,
    ScheduleImpossible,
    ScheduleNotFound,
    TooManyDepartures,
)
from app.flights.schedules.schemas import (
    Generated,
    NewFlight,
    NewSchedule,
    ScheduleEdit,
    ScheduleFilter,
    SchedulesMade,
    ScheduleView,
)
from app.reference import service as reference
from app.reference.schemas import AirportView

# One transaction: a second or two of work, well within what a statement and a caller may take.
MOST_DEPARTURES = 2_000


async def create(session: AsyncSession, caller: Caller, request: NewSchedule) -> SchedulesMade:
    """One schedule a weekday. Raises ScheduleOverlaps, ReferenceUnknown, ScheduleImpossible."""
    fields = request.model_dump(exclude={"weekdays"})
    ends = await _ends(session, request.origin, request.destination)
    rows = [_row(fields | {"weekday": weekday}) for weekday in request.weekdays]
    for row in rows:
        _ensure_possible(row, ends)
    await store.insert_schedules(session, rows)
    made = [_view(await get_row(session, row["id"])) for row in rows]
    for schedule in made:
        await audit.record(
            session,
            "schedule.created",
            "schedule",
            schedule.id,
            actor=caller,
            after=schedule.model_dump(mode="json"),
        )
    return SchedulesMade(data=made)


async def get(session: AsyncSession, schedule_id: UUID) -> ScheduleView:
    """Raises ScheduleNotFound."""
    return _view(await get_row(session, schedule_id))


async def list_page(session: AsyncSession, asked: ScheduleFilter, window: Window) -> Page[ScheduleView]:
    """A page of those that fit, by id. Raises CursorInvalid."""
    rows = await store.list_schedules(session, asked, window, _place(window))
    return page_of([_view(row) for row in rows], window, [row.id.hex for row in rows])


async def edit(
    session: AsyncSession, caller: Caller, schedule_id: UUID, request: ScheduleEdit, expected: Expected
) -> ScheduleView:
    """Change times, period or aircraft of the version that was read; flights already made stay as they are.

    Raises ScheduleNotFound, PreconditionFailed, ScheduleOverlaps, ReferenceUnknown, ScheduleImpossible."""
    before = await _lock(session, schedule_id, expected)
    changes = request.model_dump(exclude_none=True)
    ends = await _ends(session, before.origin, before.destination)
    _ensure_possible(before.model_dump() | changes, ends)
    shown_before = _view(before).model_dump(mode="json")
    await store.update_schedule(session, schedule_id, changes)
    after = _view(await get_row(session, schedule_id))
    await audit.record(
        session,
        "schedule.changed",
        "schedule",
        schedule_id,
        actor=caller,
        before=shown_before,
        after=after.model_dump(mode="json"),
    )
    return after


async def remove(session: AsyncSession, caller: Caller, schedule_id: UUID, expected: Expected) -> None:
    """Raises ScheduleNotFound, PreconditionFailed, and ScheduleInUse when flights were made from it."""
    before = _view(await _lock(session, schedule_id, expected))
    await store.delete_schedule(session, schedule_id)
    await audit.record(
        session,
        "schedule.deleted",
        "schedule",
        schedule_id,
        actor=caller,
        before=before.model_dump(mode="json"),
    )


async def generate(
    session: AsyncSession,
    first: date,
    last: date,
    airline: str | None = None,
    schedule_id: UUID | None = None,
) -> Generated:
    """Make the flights of all schedules between two local days that are not there yet; cabins are not
    opened. Raises TooManyDepartures."""
    due = await store.list_due(session, first, last, airline, schedule_id, MOST_DEPARTURES + 1)
    if len(due) > MOST_DEPARTURES:
        raise TooManyDepartures(
            f"one request makes at most {MOST_DEPARTURES}; ask for fewer days or one airline"
        )
    flown = await store.find_flown(session, due) if due else set()
    wanted = [row for place, row in enumerate(due) if place not in flown]
    rows, impossible = await _flights(session, wanted)
    made = await store.insert_flights(session, rows) if rows else set()
    types = await reference.list_aircraft_types(session)
    new = [NewFlight(row["id"], types[row["aircraft_type"]].cabins) for row in rows if row["id"] in made]
    return Generated(new=new, known=len(due) - len(new) - len(impossible), impossible=impossible)


async def get_row(session: AsyncSession, schedule_id: UUID) -> Schedule:
    """Raises ScheduleNotFound."""
    row = await store.find_schedule(session, schedule_id)
    if row is None:
        raise ScheduleNotFound()
    return row


async def _lock(session: AsyncSession, schedule_id: UUID, expected: Expected) -> Schedule:
    row = await store.find_schedule_for_update(session, schedule_id)
    if row is None:
        raise ScheduleNotFound()
    expected.ensure(row.version)
    return row


async def _flights(session: AsyncSession, due: Sequence[Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """(rows of flights, departures that cannot be flown because a clock changes under them)"""
    codes = {code for row in due for code in (row.origin, row.destination)}
    airports = await reference.find_airports(session, sorted(codes))
    distances = await reference.ensure_routes(
        session, {(row.origin, row.destination) for row in due}, airports
    )
    rows, impossible = [], []
    for row in due:
        origin, destination = airports[row.origin], airports[row.destination]
        distance_km = distances[row.origin, row.destination]
        departs, arrives = rules.resolve(
            row.departure_date, _printed(row._mapping), _clocks(origin, destination, distance_km)
        )
        if not rules.takes_time(departs, arrives):
            impossible.append(f"{row.airline} {row.flight_number} on {row.departure_date}")
            continue
        rows.append(
            {
                "id": uuid7(),
                "schedule_id": row.id,
                "airline": row.airline,
                "flight_number": row.flight_number,
                "origin": row.origin,
                "destination": row.destination,
                "departure_date": departs.local.date(),
                "departs_local": departs.local,
                "departs_zone": origin.zone,
                "arrives_local": arrives.local,
                "arrives_zone": destination.zone,
                "departs_at": departs.instant,
                "arrives_at": arrives.instant,
                "aircraft_type": row.aircraft_type,
                "distance_km": distance_km,
                "simulated": row.simulated or current().is_simulated,
            }
        )
    return rows, impossible


async def _ends(session: AsyncSession, origin: str, destination: str) -> rules.Ends:
    airports = await reference.find_airports(session, [origin, destination])
    for field, code in (("origin", origin), ("destination", destination)):
        if code not in airports:
            raise ReferenceUnknown(f"{code} is not an airport of ours", pointer=f"/{field}")
    if origin == destination:
        raise ScheduleImpossible("a flight goes somewhere", pointer="/destination")
    distance_km = reference.distance_km(airports[origin], airports[destination])
    return _clocks(airports[origin], airports[destination], distance_km)


def _ensure_possible(row: dict[str, Any], ends: rules.Ends) -> None:
    wrong = rules.why_impossible(_printed(row), row["weekday"], row["valid_from"], row["valid_to"], ends)
    if wrong is not None:
        raise ScheduleImpossible(wrong[0], pointer=f"/{wrong[1]}")


def _clocks(origin: AirportView, destination: AirportView, distance_km: int) -> rules.Ends:
    return rules.Ends(zone_of(origin.zone), zone_of(destination.zone), distance_km)


def _printed(row: Any) -> rules.Printed:
    return rules.Printed(row["departs_local"], row["arrives_local"], row["arrives_day_offset"])


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    return fields | {"id": uuid7(), "simulated": current().is_simulated}


def _view(row: Schedule) -> ScheduleView:
    return ScheduleView(**row.model_dump(include=set(ScheduleView.model_fields)))


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place() from None
