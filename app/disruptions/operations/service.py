"""Making dated flights, and letting what happens to them happen. Bookings are looked at afterwards, by a
chore, one by one: a flight of two hundred travellers is too much for one transaction."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.checkin import close_out_service as check_in
from app.core import clock
from app.core.context import current
from app.core.ids import uuid7
from app.core.security import Caller
from app.disruptions.operations import capacity_service, store
from app.disruptions.operations.errors import AircraftUnknown, DiversionUnknown
from app.disruptions.operations.models import DisruptionRow
from app.disruptions.operations.schemas import (
    AircraftSwap,
    CancelFlight,
    Delay,
    Disruption,
    DisruptionKind,
    Disruptions,
    Diversion,
    FlightDisrupted,
    Generated,
    Generation,
    StatusChange,
)
from app.flights import service as flights
from app.flights.schedules import service as schedules
from app.flights.schemas import FlightStatus, FlightView
from app.inventory import opening_service as inventory
from app.reference import service as reference

# More than any flight has lived to see.
MAX_DISRUPTIONS = 100


async def generate(session: AsyncSession, caller: Caller, request: Generation) -> Generated:
    """Make the flights the timetable holds in a range of days, with their cabins on sale; what is there
    already stays as it is. Raises TooManyDepartures."""
    found = await schedules.generate(
        session, request.first, request.last, request.airline, request.schedule_id
    )
    cabins = await inventory.open_cabins(session, [(flight.id, flight.cabins) for flight in found.new])
    made = Generated(made=len(found.new), cabins=cabins, known=found.known, impossible=found.impossible)
    await audit.record(
        session,
        "flights.generated",
        "schedule",
        request.schedule_id,
        actor=caller,
        after=request.model_dump(mode="json") | {"made": made.made, "known": made.known},
    )
    return made


async def set_status(
    session: AsyncSession, caller: Caller, flight_id: UUID, request: StatusChange
) -> FlightDisrupted:
    """Raises FlightNotFound, StatusRefused."""
    before = await flights.lock_flight_for_update(session, flight_id)
    after = await flights.set_status(session, flight_id, request.status, await clock.now(session))
    await _audit(session, "flight.status_changed", caller, before, after, None)
    return FlightDisrupted(flight=after, disruption=None)


async def delay(session: AsyncSession, caller: Caller, flight_id: UUID, request: Delay) -> FlightDisrupted:
    """Raises FlightNotFound, StatusRefused."""
    now = await clock.now(session)
    before = await flights.lock_flight_for_update(session, flight_id)
    details = {"reason": request.reason}
    after = await flights.set_delay(session, flight_id, request.minutes, now, details=details)
    await _audit(session, "flight.delayed", caller, before, after, request.reason)
    if request.minutes == 0:
        return FlightDisrupted(flight=after, disruption=None)
    more = {"delay_minutes": request.minutes}
    return await _disrupted(session, after, DisruptionKind.DELAYED, more, request.reason, now)


async def cancel(
    session: AsyncSession, caller: Caller, flight_id: UUID, request: CancelFlight
) -> FlightDisrupted:
    """From its commit on nobody is sold a seat, nor ticketed on one that is held, and nobody is checked in.

    Raises FlightNotFound, StatusRefused."""
    now = await clock.now(session)
    before = await flights.lock_flight_for_update(session, flight_id)
    details = {"reason": request.reason}
    after = await flights.set_status(session, flight_id, FlightStatus.CANCELLED, now, details=details)
    await _audit(session, "flight.cancelled", caller, before, after, request.reason)
    await check_in.close_cancelled(session, after, now)
    return await _disrupted(session, after, DisruptionKind.CANCELLED, {}, request.reason, now)


async def divert(
    session: AsyncSession, caller: Caller, flight_id: UUID, request: Diversion
) -> FlightDisrupted:
    """Raises FlightNotFound, StatusRefused, DiversionUnknown."""
    now = await clock.now(session)
    if request.airport not in await reference.find_airports(session, [request.airport]):
        raise DiversionUnknown(f"{request.airport} is not an airport of ours", pointer="/airport")
    before = await flights.lock_flight_for_update(session, flight_id)
    details = {"reason": request.reason, "diverted_to": request.airport}
    after = await flights.set_status(session, flight_id, FlightStatus.DIVERTED, now, details=details)
    await _audit(session, "flight.diverted", caller, before, after, request.reason)
    more = {"diverted_to": request.airport}
    return await _disrupted(session, after, DisruptionKind.DIVERTED, more, request.reason, now)


async def swap_aircraft(
    session: AsyncSession, caller: Caller, flight_id: UUID, request: AircraftSwap
) -> FlightDisrupted:
    """Fly with another aircraft: seats by number stay where it has them, and whole bookings are asked to
    leave, by rule, when it holds fewer than are sold.

    Raises FlightNotFound, StatusRefused, AircraftUnknown, CabinMissing."""
    now = await clock.now(session)
    kind = (await reference.list_aircraft_types(session)).get(request.aircraft_type)
    if kind is None or not kind.cabins:
        raise AircraftUnknown(f"{request.aircraft_type} is unknown to us", pointer="/aircraft_type")
    await capacity_service.lock_seats_for_update(session, flight_id, now)
    before = await flights.lock_flight_for_update(session, flight_id)
    details = {"reason": request.reason, "aircraft_type": request.aircraft_type}
    after = await flights.set_aircraft(session, flight_id, request.aircraft_type, now, details=details)
    fitted = await capacity_service.refit(session, caller, flight_id, kind.cabins, request.reason, now)
    await _audit(session, "flight.aircraft_swapped", caller, before, after, request.reason)
    more = {"aircraft_type_before": before.aircraft_type, "aircraft_type": after.aircraft_type} | fitted
    return await _disrupted(session, after, DisruptionKind.SWAPPED, more, request.reason, now)


async def list_disruptions(session: AsyncSession, flight_id: UUID) -> Disruptions:
    """The newest first. Raises FlightNotFound."""
    await flights.get_flight(session, flight_id)
    rows = await store.list_disruptions(session, flight_id, MAX_DISRUPTIONS)
    return Disruptions(data=[show(row) for row in rows])


def show(row: DisruptionRow) -> Disruption:
    return Disruption(
        id=row.id,
        flight_id=row.flight_id,
        kind=DisruptionKind(row.kind),
        details={name: value for name, value in row.details.items() if name != "booking_ids"},
        reason=row.reason,
        bookings_changed=row.bookings_changed,
        created_at=row.created_at,
        done_at=row.done_at,
    )


async def _disrupted(
    session: AsyncSession,
    flight: FlightView,
    kind: DisruptionKind,
    details: Mapping[str, Any],
    reason: str,
    now: datetime,
) -> FlightDisrupted:
    disruption_id, context = uuid7(), current()
    await store.insert_disruption(
        session,
        {
            "id": disruption_id,
            "flight_id": flight.id,
            "kind": kind,
            "details": dict(details),
            "reason": reason,
            "created_at": now,
            "request_id": context.request_id,
            "simulated": context.is_simulated,
        },
    )
    row = await store.find_disruption(session, disruption_id)
    return FlightDisrupted(flight=flight, disruption=show(row) if row else None)


async def _audit(
    session: AsyncSession,
    action: str,
    caller: Caller,
    before: FlightView,
    after: FlightView,
    reason: str | None,
) -> None:
    fields = {"status", "delay_minutes", "estimated_departs_at", "aircraft_type"}
    await audit.record(
        session,
        action,
        "flight",
        after.id,
        actor=caller,
        before=before.model_dump(mode="json", include=fields),
        after=after.model_dump(mode="json", include=fields),
        reason=reason,
    )
