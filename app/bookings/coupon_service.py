"""Coupons on their way from open to flown, for those who check in and board. Cancelling and changing take
coupons from open by themselves; whoever comes second finds the coupon elsewhere and moves nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings import store
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.models import BookingRow, CouponRow, PassengerRow, SegmentRow, TicketRow
from app.bookings.schemas import BoardingOutcome, BookingStatus, CouponStatus
from app.core.money import Money
from app.core.security import Caller
from app.pricing.schemas import PassengerType

# What no longer stands for a journey.
GIVEN_BACK = (CouponStatus.VOID, CouponStatus.REFUNDED, CouponStatus.EXCHANGED)


@dataclass(frozen=True)
class TravelCoupon:
    """One passenger on one flight, as a gate sees them."""

    id: UUID
    booking_id: UUID
    booking_status: BookingStatus
    pnr: str
    booked_by: UUID | None
    simulated: bool
    passenger_id: UUID
    passenger_type: PassengerType
    subject_id: UUID
    segment_id: UUID
    slice_number: int
    flight_id: UUID
    cabin: str
    fare_class: str
    segment_number: int
    ticket_number: str
    status: CouponStatus
    boarding_outcome: BoardingOutcome | None
    paid: Money


async def list_coupons(session: AsyncSession, booking_id: UUID, caller: Caller) -> list[TravelCoupon]:
    """The coupons of a booking that were not given back. Raises BookingNotFound, also for another's."""
    booking = await get_own_booking(session, booking_id, caller)
    return await _of_booking(session, booking.id)


async def list_coupons_for_update(
    session: AsyncSession, booking_id: UUID, caller: Caller
) -> list[TravelCoupon]:
    """Locks the booking, so that nothing of it is cancelled meanwhile. Raises BookingNotFound."""
    booking = await get_own_booking_for_update(session, booking_id, caller)
    return await _of_booking(session, booking.id)


async def list_coupons_on(session: AsyncSession, flight_id: UUID) -> list[TravelCoupon]:
    """Every coupon for a flight, whatever became of it."""
    rows = await store.find_travel_coupons(session, col(CouponRow.flight_id) == flight_id)
    return [_travel_coupon(row) for row in rows]


async def list_journey(session: AsyncSession, coupon: TravelCoupon) -> list[TravelCoupon]:
    """The passenger's coupons from this one to the end of its slice, in the order of travel."""
    return [
        each
        for each in await _of_booking(session, coupon.booking_id)
        if each.passenger_id == coupon.passenger_id
        and each.slice_number == coupon.slice_number
        and each.segment_number >= coupon.segment_number
    ]


async def find_coupon(session: AsyncSession, coupon_id: UUID) -> TravelCoupon | None:
    rows = await store.find_travel_coupons(session, col(CouponRow.id) == coupon_id)
    return _travel_coupon(rows[0]) if rows else None


async def move_coupons(
    session: AsyncSession,
    coupon_ids: Sequence[UUID],
    sources: Sequence[CouponStatus],
    target: CouponStatus,
    outcome: BoardingOutcome | None = None,
) -> set[UUID]:
    """Compare and set: those that were in one of `sources` are in `target` now, with `outcome`."""
    if not coupon_ids:
        return set()
    return set(await store.move_coupons(session, sorted(coupon_ids), sources, target, outcome))


async def _of_booking(session: AsyncSession, booking_id: UUID) -> list[TravelCoupon]:
    rows = await store.find_travel_coupons(session, col(CouponRow.booking_id) == booking_id)
    found = [_travel_coupon(row) for row in rows]
    return [coupon for coupon in found if coupon.status not in GIVEN_BACK]


def _travel_coupon(
    row: Row[CouponRow, TicketRow, PassengerRow, SegmentRow, BookingRow],
) -> TravelCoupon:
    coupon, ticket, passenger, segment, booking = row
    return TravelCoupon(
        id=coupon.id,
        booking_id=booking.id,
        booking_status=BookingStatus(booking.status),
        pnr=booking.pnr,
        booked_by=booking.user_id,
        simulated=booking.simulated,
        passenger_id=passenger.id,
        passenger_type=PassengerType(passenger.type),
        subject_id=passenger.subject_id,
        segment_id=segment.id,
        slice_number=segment.slice_number,
        flight_id=coupon.flight_id,
        cabin=segment.cabin,
        fare_class=segment.fare_class,
        segment_number=segment.segment_number,
        ticket_number=ticket.number,
        status=CouponStatus(coupon.status),
        boarding_outcome=BoardingOutcome(coupon.boarding_outcome) if coupon.boarding_outcome else None,
        paid=Money(amount_minor=coupon.fare_minor + coupon.tax_minor, currency=coupon.currency),
    )
