"""Moving a booking to other flights without a fare, and giving back the money of one that cannot be flown.

Lock order as everywhere: the booking, then seat assignments, then cabin rows, last."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import cancellation_service, standing, telling
from app.bookings import store as bookings
from app.bookings.access import get_booking_for_update
from app.bookings.models import BookingRow, CouponRow, SegmentRow
from app.bookings.reaccommodation import rules, store
from app.bookings.reaccommodation.errors import NothingToMove
from app.bookings.reaccommodation.schemas import Affected, AffectedSegment, NewSegment, Passengers
from app.bookings.schemas import BookingStatus, CouponStatus, LiveStatus
from app.bookings.standing import Standing
from app.core.ids import uuid7
from app.core.money import share_out
from app.flights import service as flights
from app.inventory import service as inventory
from app.inventory.schemas import SeatRequest
from app.payments import refund_service as refunds

# What a caller of `move` and `refund` has locked and need not look into.
LockedBooking = BookingRow

TICKETED = (BookingStatus.CONFIRMED, BookingStatus.TICKETED)

choose_to_move = rules.choose_to_move


async def list_passengers_on(session: AsyncSession, flight_id: UUID) -> list[Passengers]:
    """The ticketed bookings on a flight, a line for each of their segments on it."""
    return [Passengers(**row._mapping) for row in await store.list_passengers_on(session, flight_id)]


async def inspect_for_update(
    session: AsyncSession, booking_id: UUID, flight_id: UUID, now: datetime
) -> Affected | None:
    """What of a booking hangs on a flight: None when it is not ticketed, or no part of it flies there.

    Locks the booking, so that a payment under way is over, or will see what happened to the flight."""
    at = await standing.read(session, await get_booking_for_update(session, booking_id), now)
    if at.status not in TICKETED:
        return None
    usable = {coupon.segment_id for coupon in at.live_coupons if coupon.status in store.NOT_USED}
    place = next(
        (each for each in at.live_segments if each.flight_id == flight_id and each.id in usable), None
    )
    if place is None:
        return None
    own = [each for each in at.live_segments if each.slice_number == place.slice_number]
    rest = [each for each in own if each.segment_number >= place.segment_number and each.id in usable]
    earlier = [each for each in own if each.segment_number < place.segment_number]
    later = [each for each in at.live_segments if each.slice_number > place.slice_number]
    return Affected(
        booking_id=booking_id,
        pnr=at.booking.pnr,
        contact_subject_id=at.booking.contact_subject_id,
        user_id=at.booking.user_id,
        slice_number=place.slice_number,
        cabin=place.cabin,
        fare_class=place.fare_class,
        seats=_seats_on(at, rest[0]),
        segments=tuple(AffectedSegment(each.id, each.flight_id) for each in rest),
        before=earlier[-1].flight_id if earlier else None,
        after=later[0].flight_id if later else None,
    )


async def give_up_hold(session: AsyncSession, booking_id: UUID, now: datetime) -> bool:
    """End a hold on a flight that never goes, unless its payment is under way: that will find out and pay
    back. Whether it was ended. Locks the booking."""
    at = await standing.read(session, await get_booking_for_update(session, booking_id), now)
    if at.status is not BookingStatus.HELD or at.is_payment_open:
        return False
    await cancellation_service.give_up_hold(session, at.booking, now)
    return True


async def move(
    session: AsyncSession,
    booking: BookingRow,
    segment_ids: Sequence[UUID],
    wanted: Sequence[NewSegment],
    now: datetime,
) -> None:
    """Put everybody of these segments on other flights: coupons are exchanged at no cost, seats by number are
    given up, and seats in the cabins are returned and taken in one statement.

    The booking must be locked. Raises NothingToMove, FlightClosed, SoldOut."""
    at = await standing.read(session, booking, now)
    old = [each for each in at.live_segments if each.id in set(segment_ids)]
    coupons = [each for each in at.live_coupons if each.segment_id in {segment.id for segment in old}]
    if not coupons or len(old) != len(set(segment_ids)):
        raise NothingToMove()
    new_flights = await flights.get_flights(session, [each.flight_id for each in wanted])
    for flight in new_flights.values():
        flights.ensure_operates(flight)
    if await store.exchange_coupons(session, [coupon.id for coupon in coupons]) != len(coupons):
        raise NothingToMove("a part of it has been flown")
    segments = await _replace_segments(session, at, old, wanted)
    await store.move_items(session, [each.id for each in old], segments[0]["id"])
    await _issue_coupons(session, at, coupons, segments)
    await bookings.update_booking(session, booking.id, {})
    await _tell(session, at, old, wanted)
    for flight_id in sorted({each.flight_id for each in old}):
        await inventory.release_seats_for_update(session, booking.id, None, flight_id, now)
    returned = [
        SeatRequest(each.flight_id, each.cabin, each.fare_class, _seats_of(at, coupons, each.id))
        for each in old
    ]
    seats = max(request.seats for request in returned)
    taken = [SeatRequest(each["flight_id"], each["cabin"], each["fare_class"], seats) for each in segments]
    await inventory.exchange_seats(session, returned, taken, now)


async def refund(session: AsyncSession, booking: BookingRow, now: datetime) -> list[refunds.RefundOrder]:
    """Give back all that was not flown, whatever the fare's conditions; to be sent after the commit.

    The booking must be locked. Raises NothingToMove, PaymentInProgress."""
    await store.reopen_coupons(session, booking.id)
    at = await standing.read(session, booking, now)
    if not any(coupon.status == CouponStatus.OPEN for coupon in at.live_coupons):
        raise NothingToMove()
    return await cancellation_service.cancel_involuntarily(session, at)


async def _replace_segments(
    session: AsyncSession, at: Standing, old: Sequence[SegmentRow], wanted: Sequence[NewSegment]
) -> list[dict[str, Any]]:
    """The new segments stand where the old ones stood, sold as the first of them was."""
    await bookings.end_segments(session, [each.id for each in old], LiveStatus.EXCHANGED)
    first = min(each.segment_number for each in old)
    rows = [
        {
            "id": uuid7(),
            "booking_id": at.booking.id,
            "flight_id": each.flight_id,
            "slice_number": old[0].slice_number,
            "segment_number": number,
            "cabin": old[0].cabin,
            "fare_class": each.fare_class,
            "fare_product_id": old[0].fare_product_id,
            "status": LiveStatus.LIVE,
            "created_at": at.now,
        }
        for number, each in enumerate(wanted, first)
    ]
    await bookings.insert_rows(session, SegmentRow, rows)
    return rows


async def _issue_coupons(
    session: AsyncSession, at: Standing, old: Sequence[CouponRow], segments: Sequence[dict[str, Any]]
) -> None:
    """On the same tickets and worth the same, shared out over the new flights."""
    by_ticket: dict[UUID, list[CouponRow]] = defaultdict(list)
    for coupon in old:
        by_ticket[coupon.ticket_id].append(coupon)
    numbers = await store.last_coupon_numbers(session, list(by_ticket))
    rows = []
    for ticket_id, own in by_ticket.items():
        fares = share_out(sum(coupon.fare_minor for coupon in own), len(segments))
        taxes = share_out(sum(coupon.tax_minor for coupon in own), len(segments))
        for place, (segment, fare, tax) in enumerate(zip(segments, fares, taxes, strict=True), 1):
            rows.append(
                {
                    "id": uuid7(),
                    "ticket_id": ticket_id,
                    "booking_id": at.booking.id,
                    "passenger_id": own[0].passenger_id,
                    "segment_id": segment["id"],
                    "flight_id": segment["flight_id"],
                    "number": numbers[ticket_id] + place,
                    "status": CouponStatus.OPEN,
                    "fare_minor": fare,
                    "tax_minor": tax,
                    "currency": own[0].currency,
                    "created_at": at.now,
                }
            )
    await bookings.insert_rows(session, CouponRow, rows)


async def _tell(
    session: AsyncSession, at: Standing, old: Sequence[SegmentRow], wanted: Sequence[NewSegment]
) -> None:
    payload = {
        "pnr": at.booking.pnr,
        "old_flight_ids": [str(each.flight_id) for each in old],
        "flight_ids": [str(each.flight_id) for each in wanted],
    }
    await telling.record(session, "BookingReaccommodated", at.booking, payload, at.now)


def _seats_on(at: Standing, segment: SegmentRow) -> int:
    return _seats_of(at, at.live_coupons, segment.id)


def _seats_of(at: Standing, coupons: Sequence[CouponRow], segment_id: UUID) -> int:
    """An infant's coupon takes no seat."""
    taken = Counter(each.segment_id for each in coupons if at.type_of(each.passenger_id).needs_seat)
    return taken[segment_id]
