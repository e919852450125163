"""When a flight leaves: who was denied boarding and what is paid for it, who flew, and who never came."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import coupon_service as coupons
from app.bookings.coupon_service import TravelCoupon
from app.bookings.schemas import BoardingOutcome, CouponStatus
from app.checkin import compensation, rules, seating, store, telling
from app.checkin.boarding_service import (
    deniables,
    ensure_boarding,
    list_entries,
    lock_boarding_for_update,
)
from app.checkin.compensation import Compensation
from app.checkin.errors import DeniedOutOfOrder, NotCheckedIn, NotDeparted
from app.checkin.models import CheckInRow, DeniedBoardingRow
from app.checkin.schemas import (
    CloseOut,
    DenialKind,
    DenialOrder,
    DeniedBoarding,
    DenyBoardingRequest,
)
from app.checkin.service import is_standby
from app.core import clock
from app.core.ids import encode
from app.core.money import Money
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import FlightStatus, FlightView
from app.payments import credit_service
from app.payments.schemas import CreditSource
from app.pricing import service as pricing
from app.pricing.schemas import PassengerType
from app.reference import service as reference

CREDIT_REASON = "denied_boarding"
VOLUNTEER_RULE = "agreed with the volunteer"
_OUTCOMES = {
    DenialKind.VOLUNTARY: BoardingOutcome.DENIED_VOLUNTARY,
    DenialKind.INVOLUNTARY: BoardingOutcome.DENIED_INVOLUNTARY,
}


async def get_denial_order(session: AsyncSession, flight_id: UUID) -> DenialOrder:
    """Who would be denied boarding, the first first. Raises FlightNotFound."""
    await flights.get_flight(session, flight_id)
    now = await clock.now(session)
    found, rows = await _accepted(session, flight_id)
    order = rules.denial_order(deniables(found, rows))
    entries = {entry.coupon_id: entry for entry in await list_entries(session, flight_id, now)}
    return DenialOrder(rule=rules.PRIORITY_RULE, data=[entries[coupon_id] for coupon_id in order])


async def deny_boarding(
    session: AsyncSession, caller: Caller | None, flight_id: UUID, request: DenyBoardingRequest
) -> DeniedBoarding:
    """Leave a checked-in passenger behind: the seat is free again, the coupon open for another flight, and
    the compensation paid as travel credit. Locks the flight's boarding, then seats.

    Raises FlightNotFound, BoardingNotOpen, BoardingClosed, NotCheckedIn, DeniedOutOfOrder."""
    now = await clock.now(session)
    flight = await flights.get_flight(session, flight_id)
    await ensure_boarding(session, flight, now)
    await lock_boarding_for_update(session, flight)
    found, rows = await _accepted(session, flight_id)
    coupon = found[_whom(request, found, rows)]
    denied = []
    for each in [coupon, *_left_without_adult(coupon, found)]:
        owed = await _owed(session, flight, each, request, is_first=each is coupon)
        substitute = request.substitute_arrives_at
        denied.append(await _deny(session, each, request.kind, owed, caller, now, substitute=substitute))
    return denied[0]


async def close_out(session: AsyncSession, caller: Caller | None, flight_id: UUID) -> CloseOut:
    """End a flight's boarding once it has left: boarded coupons are flown; whoever stayed on standby was
    denied boarding; all others did not show. What was not flown is open again, to be refunded or changed.

    Raises FlightNotFound, NotDeparted, BoardingClosed."""
    now = await clock.now(session)
    flight = await flights.get_flight(session, flight_id)
    if not rules.has_left(flight.status, flight.departs_at, now):
        raise NotDeparted(f"it is {flight.status} and leaves at {flight.departs_at.isoformat()}")
    return await _close(session, caller, flight, now)


async def close_cancelled(session: AsyncSession, flight: FlightView, now: datetime) -> None:
    """Take back every check-in of a flight that will not leave, so that its coupons can be refunded or
    changed, and take no more; nothing of one that was closed out. Locks the flight's boarding."""
    boarding = await store.take_numbers_for_update(session, flight.id, flight.departs_at, 0)
    if boarding.closed_at is not None:
        return
    found, rows = await _accepted(session, flight.id)
    moved = await coupons.move_coupons(
        session, list(rows), [CouponStatus.CHECKED_IN, CouponStatus.BOARDED], CouponStatus.OPEN
    )
    await store.update_check_ins(session, sorted(moved), {"undone_at": now, "boarded_at": None})
    for coupon_id in sorted(moved):
        await telling.check_in_undone(session, found[coupon_id], None, now)
    await store.close_boarding(session, flight.id, now, None)


async def close_boardings(session: AsyncSession, now: datetime, limit: int) -> int:
    """End the boarding of flights that left some time ago or were cancelled; how many. The timed chore."""
    due = await store.find_open_boardings(session, now, limit)
    booked = await flights.get_flights(session, due) if due else {}
    closed = 0
    for flight in booked.values():
        if flight.status is FlightStatus.CANCELLED:
            await close_cancelled(session, flight, now)
        elif rules.has_left(flight.status, rules.chore_departure(flight), now):
            await _close(session, None, flight, now)
        else:
            continue
        closed += 1
    return closed


async def _close(session: AsyncSession, caller: Caller | None, flight: FlightView, now: datetime) -> CloseOut:
    await lock_boarding_for_update(session, flight)
    found, rows = await _accepted(session, flight.id)
    waiting = [found[row.coupon_id] for row in rows.values() if _waits_in_vain(found[row.coupon_id], row)]
    denied = [each for coupon in waiting for each in (coupon, *_left_without_adult(coupon, found))]
    for coupon in denied:
        owed = await _compensation(session, flight, coupon, None)
        await _deny(session, coupon, DenialKind.INVOLUNTARY, owed, caller, now)
    flown = await _fly(session, found, caller, now)
    absent = await _note_absent(session, found, {coupon.id for coupon in denied}, caller, now)
    await store.close_boarding(session, flight.id, now, _id(caller))
    counts = {"flown": flown, "no_show": absent, "denied_involuntary": len(denied)}
    await audit.record(session, "boarding.closed_out", "flight", flight.id, actor=caller, after=counts)
    return CloseOut(flight_id=flight.id, closed_at=now, **counts)


async def _accepted(
    session: AsyncSession, flight_id: UUID
) -> tuple[dict[UUID, TravelCoupon], dict[UUID, CheckInRow]]:
    """The flight's coupons and standing check-ins, by coupon."""
    found = {coupon.id: coupon for coupon in await coupons.list_coupons_on(session, flight_id)}
    rows = {row.coupon_id: row for row in await store.find_check_ins_on(session, flight_id)}
    return found, rows


def _whom(
    request: DenyBoardingRequest, found: dict[UUID, TravelCoupon], rows: dict[UUID, CheckInRow]
) -> UUID:
    """The coupon to be denied. Raises NotCheckedIn, DeniedOutOfOrder."""
    candidates = deniables(found, rows)
    named = next((each for each in candidates if each.coupon_id == request.coupon_id), None)
    if request.kind is DenialKind.VOLUNTARY or not candidates:
        if named is None:
            raise NotCheckedIn("a volunteer is a passenger who is checked in and has not boarded")
        return named.coupon_id
    if request.coupon_id is None:
        return rules.denial_order(candidates)[0]
    if named is None:
        raise NotCheckedIn()
    cabin = rows[named.coupon_id].cabin
    first = rules.denial_order(deniables(found, rows, cabin=cabin))[0]
    if named.coupon_id != first:
        raise DeniedOutOfOrder(rules.PRIORITY_RULE)
    return first


def _left_without_adult(coupon: TravelCoupon, found: dict[UUID, TravelCoupon]) -> list[TravelCoupon]:
    """The infants of a booking for whom no adult is left to hold them once this passenger stays behind."""
    if coupon.passenger_type is not PassengerType.ADULT:
        return []
    family = [each for each in found.values() if each.booking_id == coupon.booking_id and each is not coupon]
    going = (CouponStatus.CHECKED_IN, CouponStatus.BOARDED)
    adults = [e for e in family if e.passenger_type is PassengerType.ADULT and e.status in going]
    infants = [e for e in family if e.passenger_type is PassengerType.INFANT and e.status in going]
    return [each for each in infants[len(adults) :] if each.status is CouponStatus.CHECKED_IN]


async def _owed(
    session: AsyncSession,
    flight: FlightView,
    coupon: TravelCoupon,
    request: DenyBoardingRequest,
    *,
    is_first: bool,
) -> Compensation:
    """What a volunteer has agreed to, for all who stay with them; else what the regulation says."""
    if request.kind is DenialKind.INVOLUNTARY:
        return await _compensation(session, flight, coupon, request.substitute_arrives_at)
    nothing = Money(amount_minor=0, currency=coupon.paid.currency)
    return Compensation((request.agreed if is_first else None) or nothing, VOLUNTEER_RULE)


async def _compensation(
    session: AsyncSession, flight: FlightView, coupon: TravelCoupon, substitute: datetime | None
) -> Compensation:
    """By what was paid for the whole way of the slice from this flight on, and by where it leads."""
    journey = await coupons.list_journey(session, coupon)
    booked = await flights.get_flights(session, [each.flight_id for each in journey])
    last = booked[journey[-1].flight_id]
    airports = await reference.find_airports(session, [flight.origin, last.destination])
    fare_minor = sum(each.paid.amount_minor for each in journey)
    return compensation.involuntary(
        Money(amount_minor=fare_minor, currency=coupon.paid.currency),
        flight.departure_date,
        substitute - last.arrives_at if substitute is not None else None,
        await pricing.find_exchange(
            session, compensation.CURRENCY, coupon.paid.currency, flight.departure_date
        ),
        is_domestic=len({airport.country for airport in airports.values()}) == 1,
    )


async def _deny(
    session: AsyncSession,
    coupon: TravelCoupon,
    kind: DenialKind,
    owed: Compensation,
    caller: Caller | None,
    now: datetime,
    *,
    substitute: datetime | None = None,
) -> DeniedBoarding:
    moved = await coupons.move_coupons(
        session, [coupon.id], [CouponStatus.CHECKED_IN], CouponStatus.OPEN, _OUTCOMES[kind]
    )
    if not moved:
        raise NotCheckedIn("the passenger has boarded meanwhile")
    await store.update_check_ins(session, [coupon.id], {"undone_at": now})
    credit_id = None
    if owed.amount.amount_minor:
        credit = await credit_service.issue(
            session,
            coupon.booking_id,
            coupon.booked_by,
            owed.amount,
            CreditSource.COMPENSATION,
            CREDIT_REASON,
            now,
        )
        credit_id = credit.id
    values = {
        "coupon_id": coupon.id,
        "booking_id": coupon.booking_id,
        "passenger_id": coupon.passenger_id,
        "flight_id": coupon.flight_id,
        "kind": kind,
        "substitute_arrives_at": substitute,
        "rule": owed.rule,
        "compensation_minor": owed.amount.amount_minor,
        "currency": owed.amount.currency,
        "travel_credit_id": credit_id,
        "denied_at": now,
        "denied_by": _id(caller),
    }
    await store.insert_denied_boarding(session, values)
    await telling.boarding_denied(session, coupon, kind, owed.amount, owed.rule, _id(caller), now)
    after = {
        "coupon_id": encode("cpn", coupon.id),
        "kind": kind,
        "rule": owed.rule,
    } | owed.amount.model_dump()
    await audit.record(session, "boarding.denied", "flight", coupon.flight_id, actor=caller, after=after)
    await seating.free_seat_for_update(session, coupon, now)
    row = await store.find_denied_boarding(session, coupon.id)
    if row is None:
        raise RuntimeError("a row just written is gone")
    return _shown(row)


def _waits_in_vain(coupon: TravelCoupon, row: CheckInRow) -> bool:
    return is_standby(row) and coupon.status is CouponStatus.CHECKED_IN


async def _fly(
    session: AsyncSession, found: dict[UUID, TravelCoupon], caller: Caller | None, now: datetime
) -> int:
    boarded = [coupon for coupon in found.values() if coupon.status is CouponStatus.BOARDED]
    for outcome in {coupon.boarding_outcome for coupon in boarded}:
        ids = [coupon.id for coupon in boarded if coupon.boarding_outcome is outcome]
        await coupons.move_coupons(session, ids, [CouponStatus.BOARDED], CouponStatus.FLOWN, outcome)
    for coupon in boarded:
        await telling.coupon_flown(session, coupon, _id(caller), now)
    return len(boarded)


async def _note_absent(
    session: AsyncSession,
    found: dict[UUID, TravelCoupon],
    denied: set[UUID],
    caller: Caller | None,
    now: datetime,
) -> int:
    """Whoever could have come and did not."""
    absent = [
        coupon
        for coupon in found.values()
        if coupon.status in (CouponStatus.OPEN, CouponStatus.CHECKED_IN)
        and coupon.boarding_outcome is None
        and coupon.id not in denied
    ]
    moved = await coupons.move_coupons(
        session,
        [coupon.id for coupon in absent],
        [CouponStatus.OPEN, CouponStatus.CHECKED_IN],
        CouponStatus.OPEN,
        BoardingOutcome.NO_SHOW,
    )
    await store.update_check_ins(session, sorted(moved), {"undone_at": now})
    for coupon in absent:
        if coupon.id in moved:
            await telling.passenger_no_show(session, coupon, _id(caller), now)
    return len(moved)


def _id(caller: Caller | None) -> UUID | None:
    return None if caller is None else caller.acting_user_id


def _shown(row: DeniedBoardingRow) -> DeniedBoarding:
    return DeniedBoarding(
        coupon_id=row.coupon_id,
        booking_id=row.booking_id,
        passenger_id=row.passenger_id,
        kind=DenialKind(row.kind),
        compensation=Money(amount_minor=row.compensation_minor, currency=row.currency),
        rule=row.rule,
        travel_credit_id=row.travel_credit_id,
        denied_at=row.denied_at,
    )
