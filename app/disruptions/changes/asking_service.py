"""Looking at the bookings of a disrupted flight, one by one, and asking their travellers what they want."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import service as bookings
from app.bookings.reaccommodation import service as reaccommodation
from app.bookings.reaccommodation.schemas import Affected
from app.core import events
from app.core.ids import uuid7
from app.disruptions.changes import rules, store
from app.disruptions.changes.schemas import ChangeStatus, Option, OptionFlight
from app.disruptions.operations import store as disruptions
from app.disruptions.operations.models import DisruptionRow
from app.disruptions.operations.schemas import DisruptionKind
from app.flights import service as flights
from app.flights.alternatives import service as alternatives
from app.flights.alternatives.schemas import Leg, Wanted
from app.flights.schemas import FlightView
from app.inventory import opening_service as inventory

# Sale closes so long before departure, for those who are moved too.
CLOSING = timedelta(minutes=60)
# How long a question without an option waits: the money can always be asked for.
WITHOUT_OPTIONS = timedelta(days=14)


async def look_at_bookings(session: AsyncSession, now: datetime, limit: int) -> int:
    """Ask the travellers of up to `limit` bookings of one disrupted flight; how many were looked at.

    Where it stopped is kept in the same transaction, so a crash asks nobody twice and forgets nobody."""
    disruption = await disruptions.find_unfinished_for_update(session, [])
    if disruption is None:
        return 0
    chosen: Sequence[UUID] | None = disruption.details.get("booking_ids")
    if chosen is None:
        ids = await bookings.list_bookings_on(session, disruption.flight_id, limit, disruption.booking_seen)
    else:
        left = [UUID(str(key)) for key in chosen]
        ids = [
            key for key in sorted(left) if disruption.booking_seen is None or key > disruption.booking_seen
        ]
        ids = ids[:limit]
    asked = 0
    for booking_id in ids:
        asked += await _look_at(session, disruption, booking_id, now)
    values: dict[str, object] = {"bookings_changed": disruption.bookings_changed + asked}
    if ids:
        values["booking_seen"] = ids[-1]
    if len(ids) < limit:
        values["done_at"] = now
    await disruptions.update_disruption(session, disruption.id, values)
    return len(ids)


async def find_options(
    session: AsyncSession, affected: Affected, asked: rules.Question, now: datetime
) -> list[Option]:
    """Other ways to the end of the slice that have the seats now, the earliest arrival first."""
    replaced = affected.segments[asked.first_replaced :]
    known = await flights.get_flights(session, [each.flight_id for each in affected.segments])
    first, last = known[replaced[0].flight_id], known[replaced[-1].flight_id]
    kept = _kept(affected, asked)
    come_from = _leg((await flights.get_flights(session, [kept]))[kept]) if kept is not None else None
    wanted = Wanted(
        origin=first.origin,
        destination=last.destination,
        leaves_after=max(now + CLOSING, first.departs_at - rules.EARLIER),
        leaves_before=max(now, first.departs_at) + rules.LATER,
        without=frozenset(each.flight_id for each in affected.segments),
    )
    until = None
    if affected.after is not None:
        until = (await flights.get_flights(session, [affected.after]))[affected.after].departs_at
    found: list[Option] = []
    for way in await alternatives.find_ways(session, wanted):
        if until is not None and way[-1].arrives_at >= until:
            continue
        if come_from is not None and not await alternatives.can_change(session, come_from, way[0]):
            continue
        option = await _with_seats(session, way, affected)
        if option is not None:
            found.append(option)
        if len(found) == rules.MAX_OPTIONS:
            break
    return found


def _kept(affected: Affected, asked: rules.Question) -> UUID | None:
    """The flight a traveller comes from: the disrupted one when it is flown, else the one before it."""
    return affected.segments[0].flight_id if asked.first_replaced else affected.before


async def _look_at(session: AsyncSession, disruption: DisruptionRow, booking_id: UUID, now: datetime) -> bool:
    """Whether the booking's travellers have something to decide. Locks the booking."""
    affected = await reaccommodation.inspect_for_update(session, booking_id, disruption.flight_id, now)
    kind = DisruptionKind(disruption.kind)
    if affected is None:
        if kind is DisruptionKind.CANCELLED:
            await reaccommodation.give_up_hold(session, booking_id, now)
        return False
    asked = rules.question(
        kind,
        timedelta(minutes=disruption.details.get("delay_minutes", 0)),
        has_onward=len(affected.segments) > 1,
        holds=await _onward_holds(session, affected, kind),
    )
    await store.supersede(session, booking_id, affected.slice_number, now)
    if asked is None:
        return False
    await _ask(session, disruption, affected, asked, now)
    return True


async def _onward_holds(session: AsyncSession, affected: Affected, kind: DisruptionKind) -> bool:
    if len(affected.segments) < 2:
        return True
    if kind is DisruptionKind.DIVERTED:
        return False
    ids = [each.flight_id for each in affected.segments[:2]]
    known = await flights.get_flights(session, ids)
    return await alternatives.can_change(session, _leg(known[ids[0]]), _leg(known[ids[1]]))


async def _ask(
    session: AsyncSession, disruption: DisruptionRow, affected: Affected, asked: rules.Question, now: datetime
) -> None:
    options = await find_options(session, affected, asked, now)
    flight = await flights.get_flight(session, disruption.flight_id)
    departures = [option.flights[0].departs_at for option in options]
    if asked.is_flight_kept:
        departures.append(flight.estimated_departs_at or flight.departs_at)
    change_id = uuid7()
    row = {
        "id": change_id,
        "disruption_id": disruption.id,
        "booking_id": affected.booking_id,
        "flight_id": disruption.flight_id,
        "kind": asked.kind,
        "status": ChangeStatus.OPEN,
        "slice_number": affected.slice_number,
        "segment_ids": [each.id for each in affected.segments[asked.first_replaced :]],
        "proposal": rules.proposal(asked, len(options)),
        "options": [option.model_dump(mode="json") for option in options],
        "respond_by": rules.respond_by(departures, CLOSING, now + WITHOUT_OPTIONS),
        "created_at": now,
    }
    await store.insert_change(session, row)
    payload = {
        "pnr": affected.pnr,
        "schedule_change_id": change_id,
        "kind": asked.kind,
        "reason": disruption.reason,
        "delay_minutes": flight.delay_minutes,
        "flight_ids": [str(disruption.flight_id)],
        "is_flight_kept": asked.is_flight_kept,
        "options": len(options),
    }
    await events.record(
        session,
        "ScheduleChanged",
        "schedule_change",
        change_id,
        payload,
        booking_id=affected.booking_id,
        subject_id=affected.contact_subject_id,
        actor_id=affected.user_id,
        occurred_at=now,
    )


async def _with_seats(session: AsyncSession, way: Sequence[Leg], affected: Affected) -> Option | None:
    """The way as an option, if every flight of it has the seats in the cabin that was bought."""
    seats_open = await inventory.list_seats_open(session, [leg.flight_id for leg in way], affected.cabin)
    chosen: list[OptionFlight] = []
    for leg in way:
        fare_class = rules.class_for(seats_open.get(leg.flight_id, {}), affected.fare_class, affected.seats)
        if fare_class is None:
            return None
        chosen.append(
            OptionFlight(
                flight_id=leg.flight_id,
                fare_class=fare_class,
                origin=leg.origin,
                destination=leg.destination,
                departs_at=leg.departs_at,
                arrives_at=leg.arrives_at,
            )
        )
    return Option(flights=chosen)


def _leg(flight: FlightView) -> Leg:
    """A flight at the times that are expected of it."""
    return Leg(
        flight_id=flight.id,
        origin=flight.origin,
        destination=flight.destination,
        departs_at=flight.estimated_departs_at or flight.departs_at,
        arrives_at=flight.estimated_arrives_at or flight.arrives_at,
    )
