"""Checking a booking's passengers in, and taking it back. Passes and the gate are in the services beside."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import coupon_service as coupons
from app.bookings.coupon_service import TravelCoupon
from app.bookings.schemas import BookingStatus, CouponStatus
from app.checkin import rules, seating, store, telling
from app.checkin.errors import (
    CheckInNotOpen,
    InfantAlone,
    NotCheckedIn,
    NotCheckInable,
    NothingToCheckIn,
    TravellerUnknown,
)
from app.checkin.models import CheckInRow
from app.checkin.schemas import Acceptance, BookingCheckIn, CheckInRequest, CheckInSource, CheckInState
from app.core import clock
from app.core.ids import encode, uuid7
from app.core.security import Caller, Role
from app.flights import service as flights
from app.flights.schemas import FlightView

# States in which a check-in of the coupon stands.
ACCEPTED = (CouponStatus.CHECKED_IN, CouponStatus.BOARDED, CouponStatus.FLOWN)


async def get_check_in(session: AsyncSession, caller: Caller, booking_id: UUID) -> BookingCheckIn:
    """Where every passenger stands. Raises BookingNotFound, also for another's."""
    found = await coupons.list_coupons(session, booking_id, caller)
    return await _show(session, booking_id, found, await clock.now(session))


async def check_in(
    session: AsyncSession, caller: Caller, booking_id: UUID, request: CheckInRequest
) -> BookingCheckIn:
    """Accept passengers on flights, all or none, each with a number of its own on the flight and a seat
    while the cabin has one. Locks the booking, then each flight's boarding, then seats.

    Raises BookingNotFound, TravellerUnknown, CheckInNotOpen, NotCheckInable, NothingToCheckIn,
    InfantAlone."""
    now = await clock.now(session)
    found = await coupons.list_coupons_for_update(session, booking_id, caller)
    booked = await flights.get_flights(session, [coupon.flight_id for coupon in found])
    chosen = _choose(found, booked, request, now)
    _ensure_adults(found, chosen)
    moved = await coupons.move_coupons(
        session, [coupon.id for coupon in chosen], [CouponStatus.OPEN], CouponStatus.CHECKED_IN
    )
    if moved != {coupon.id for coupon in chosen}:
        raise NotCheckInable("a coupon was used or given back meanwhile")
    source = CheckInSource.AGENT if _is_agent(caller) else CheckInSource.WEB
    for flight_id, party in _by_flight(chosen):
        await accept(session, booked[flight_id], party, source, caller, now)
    await _audit_agent(session, "booking.checked_in", caller, chosen)
    return await _show(session, booking_id, await coupons.list_coupons(session, booking_id, caller), now)


async def undo_check_in(
    session: AsyncSession, caller: Caller, booking_id: UUID, request: CheckInRequest
) -> BookingCheckIn:
    """Take a check-in back while check-in is open: the coupons are open again, the seats stay assigned.

    Raises BookingNotFound, TravellerUnknown, CheckInNotOpen, NotCheckedIn, InfantAlone."""
    now = await clock.now(session)
    found = await coupons.list_coupons_for_update(session, booking_id, caller)
    booked = await flights.get_flights(session, [coupon.flight_id for coupon in found])
    named = _named(found, request)
    chosen = [coupon for coupon in named if coupon.status is CouponStatus.CHECKED_IN]
    if not chosen or (request.passenger_ids and request.segment_ids and len(chosen) < len(named)):
        raise NotCheckedIn()
    for coupon in chosen:
        _ensure_open(booked[coupon.flight_id], now)
    _ensure_adults_stay(found, chosen)
    ids = [coupon.id for coupon in chosen]
    if await coupons.move_coupons(session, ids, [CouponStatus.CHECKED_IN], CouponStatus.OPEN) != set(ids):
        raise NotCheckedIn("a passenger has boarded meanwhile")
    await store.update_check_ins(session, ids, {"undone_at": now})
    for coupon in chosen:
        await telling.check_in_undone(session, coupon, caller.acting_user_id, now)
    await _audit_agent(session, "booking.check_in_undone", caller, chosen)
    return await _show(session, booking_id, await coupons.list_coupons(session, booking_id, caller), now)


async def accept(
    session: AsyncSession,
    flight: FlightView,
    party: Sequence[TravelCoupon],
    source: CheckInSource,
    caller: Caller,
    now: datetime,
) -> None:
    """Number a booking's coupons on one flight and give them seats. Locks the flight's boarding, then seats.

    Raises CheckInNotOpen when the flight has been closed out."""
    boarding = await store.take_numbers_for_update(session, flight.id, flight.departs_at, len(party))
    if boarding.closed_at is not None:
        raise CheckInNotOpen("the flight has been closed out")
    unseated = await seating.seat_party_for_update(session, flight.id, party, now)
    first = boarding.last_sequence_number - len(party) + 1
    rows: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "coupon_id": coupon.id,
            "booking_id": coupon.booking_id,
            "passenger_id": coupon.passenger_id,
            "flight_id": flight.id,
            "cabin": coupon.cabin,
            "needs_seat": coupon.passenger_type.needs_seat,
            "sequence_number": number,
            "source": source,
            "standby_since": now if coupon.passenger_id in unseated else None,
            "checked_in_at": now,
        }
        for number, coupon in enumerate(party, first)
    ]
    # A coupon that others opened again, since its flight was off, may still have its old check-in.
    await store.update_check_ins(session, [coupon.id for coupon in party], {"undone_at": now})
    await store.insert_check_ins(session, rows)
    for coupon, row in zip(party, rows, strict=True):
        standby = row["standby_since"] is not None
        await telling.coupon_checked_in(
            session,
            coupon,
            row["sequence_number"],
            standby=standby,
            actor_id=caller.acting_user_id,
            now=now,
        )


def acceptance(row: CheckInRow, seat: str | None) -> Acceptance:
    return Acceptance(
        sequence_number=row.sequence_number,
        seat=seat,
        standby=is_standby(row),
        checked_in_at=row.checked_in_at,
        boarded_at=row.boarded_at,
    )


def is_standby(row: CheckInRow) -> bool:
    return row.standby_since is not None and row.cleared_at is None


def _choose(
    found: Sequence[TravelCoupon], booked: dict[UUID, FlightView], request: CheckInRequest, now: datetime
) -> list[TravelCoupon]:
    """The coupons to be checked in: all that were named, or of all those that can be."""
    named = _named(found, request)
    if not named or named[0].booking_status is not BookingStatus.TICKETED:
        raise NotCheckInable()
    if request.segment_ids is None:
        in_time = [each for each in named if flights.is_check_in_open(booked[each.flight_id], now)]
    else:
        in_time = named
    if not in_time:
        _ensure_open(_next_flight(named, booked, now), now)
        raise NothingToCheckIn()
    for coupon in in_time:
        _ensure_open(booked[coupon.flight_id], now)
    ready = [each for each in in_time if each.status is CouponStatus.OPEN and each.boarding_outcome is None]
    if request.passenger_ids is not None and request.segment_ids is not None and len(ready) < len(in_time):
        raise NotCheckInable("one of them is " + next(e.status for e in in_time if e not in ready))
    if not ready:
        raise NothingToCheckIn()
    return ready


def _next_flight(named: Sequence[TravelCoupon], booked: dict[UUID, FlightView], now: datetime) -> FlightView:
    """The flight whose check-in opens next, or the last there was."""
    ordered = sorted((booked[coupon.flight_id] for coupon in named), key=lambda flight: flight.departs_at)
    coming = [flight for flight in ordered if flights.check_in_window(flight).closes_at > now]
    return coming[0] if coming else ordered[-1]


def _named(found: Sequence[TravelCoupon], request: CheckInRequest) -> list[TravelCoupon]:
    """Raises TravellerUnknown when a named passenger or segment is not of the booking."""
    passengers, segments = request.passenger_ids, request.segment_ids
    if passengers is not None and not set(passengers) <= {coupon.passenger_id for coupon in found}:
        raise TravellerUnknown(pointer="/passenger_ids")
    if segments is not None and not set(segments) <= {coupon.segment_id for coupon in found}:
        raise TravellerUnknown(pointer="/segment_ids")
    return [
        coupon
        for coupon in found
        if (passengers is None or coupon.passenger_id in passengers)
        and (segments is None or coupon.segment_id in segments)
    ]


def _ensure_open(flight: FlightView, now: datetime) -> None:
    if not flights.is_check_in_open(flight, now):
        window = flights.check_in_window(flight)
        raise CheckInNotOpen(
            f"{flight.airline} {flight.flight_number} is {flight.status}; its check-in is open from "
            f"{window.opens_at.isoformat()} to {window.closes_at.isoformat()}"
        )


def _ensure_adults(found: Sequence[TravelCoupon], chosen: Sequence[TravelCoupon]) -> None:
    """Raises InfantAlone when more infants than adults would be checked in on a flight."""
    ids = {coupon.id for coupon in chosen}
    going = [each for each in found if each.id in ids or each.status is CouponStatus.CHECKED_IN]
    flight_ids = {coupon.flight_id for coupon in chosen}
    for flight_id, party in _by_flight(going):
        if flight_id in flight_ids and rules.lacks_adult([each.passenger_type for each in party]):
            raise InfantAlone()


def _ensure_adults_stay(found: Sequence[TravelCoupon], leaving: Sequence[TravelCoupon]) -> None:
    ids = {coupon.id for coupon in leaving}
    staying = [each for each in found if each.id not in ids and each.status is CouponStatus.CHECKED_IN]
    for _, party in _by_flight(staying):
        if rules.lacks_adult([each.passenger_type for each in party]):
            raise InfantAlone()


def _by_flight(found: Sequence[TravelCoupon]) -> list[tuple[UUID, list[TravelCoupon]]]:
    """By the flights' ids, so that two check-ins lock the same flights in the same order."""
    by_flight: dict[UUID, list[TravelCoupon]] = defaultdict(list)
    for coupon in found:
        by_flight[coupon.flight_id].append(coupon)
    return sorted(by_flight.items())


def _is_agent(caller: Caller) -> bool:
    return Role.AGENT in caller.roles and caller.booking_id is None


async def _audit_agent(
    session: AsyncSession, action: str, caller: Caller, chosen: Sequence[TravelCoupon]
) -> None:
    """What an agent does to another's booking is written down."""
    if _is_agent(caller) and caller.acting_user_id != chosen[0].booked_by:
        after = {"coupon_ids": [encode("cpn", coupon.id) for coupon in chosen]}
        booking_id = chosen[0].booking_id
        await audit.record(session, action, "booking", booking_id, actor=caller, after=after)


async def _show(
    session: AsyncSession, booking_id: UUID, found: Sequence[TravelCoupon], now: datetime
) -> BookingCheckIn:
    booked = await flights.get_flights(session, [coupon.flight_id for coupon in found])
    rows = {row.coupon_id: row for row in await store.find_check_ins_of(session, booking_id)}
    seats = await seating.seats_of(session, booking_id, now)
    states = []
    for coupon in found:
        row, window = rows.get(coupon.id), flights.check_in_window(booked[coupon.flight_id])
        seat = seats.get((coupon.passenger_id, coupon.flight_id))
        states.append(
            CheckInState(
                coupon_id=coupon.id,
                passenger_id=coupon.passenger_id,
                segment_id=coupon.segment_id,
                flight_id=coupon.flight_id,
                status=coupon.status,
                boarding_outcome=coupon.boarding_outcome,
                opens_at=window.opens_at,
                closes_at=window.closes_at,
                acceptance=acceptance(row, seat) if row and coupon.status in ACCEPTED else None,
            )
        )
    return BookingCheckIn(booking_id=booking_id, data=states)
