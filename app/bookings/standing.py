"""Where a booking stands: its rows, read once, and what they mean for what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, as_of_store, rules, store
from app.bookings.models import BookingRow, CouponRow, ItemRow, PassengerRow, SegmentRow, TicketRow
from app.bookings.schemas import BookingStatus, CouponStatus, LiveStatus
from app.flights import service as flights
from app.flights.schemas import FlightStatus, FlightView
from app.payments import service as payments
from app.pricing import service as pricing
from app.pricing.schemas import Condition, FareProduct, PassengerType


@dataclass(frozen=True)
class Standing:
    """A booking's rows as of `now`; `flights` are those of all its segments, by id."""

    booking: BookingRow
    passengers: Sequence[PassengerRow]
    segments: Sequence[SegmentRow]
    items: Sequence[ItemRow]
    tickets: Sequence[TicketRow]
    coupons: Sequence[CouponRow]
    flights: dict[UUID, FlightView]
    products: dict[UUID, FareProduct]
    is_payment_open: bool
    now: datetime

    @property
    def status(self) -> BookingStatus:
        booking = self.booking
        return rules.status_at(BookingStatus(booking.status), booking.payment_required_by, self.now)

    @property
    def live_segments(self) -> list[SegmentRow]:
        return [segment for segment in self.segments if segment.status == LiveStatus.LIVE]

    @property
    def live_coupons(self) -> list[CouponRow]:
        """Those still worth something: not given back, or used."""
        return [coupon for coupon in self.coupons if coupon.status not in action_rules.GIVEN_BACK]

    def segment(self, segment_id: UUID) -> SegmentRow:
        return next(segment for segment in self.segments if segment.id == segment_id)

    def type_of(self, passenger_id: UUID) -> PassengerType:
        return PassengerType(next(each.type for each in self.passengers if each.id == passenger_id))

    def refund_condition(self, segment: SegmentRow) -> Condition | None:
        return self.products[segment.fare_product_id].conditions.cancel_before_departure

    def change_condition(self, segment: SegmentRow) -> Condition | None:
        return self.products[segment.fare_product_id].conditions.change_before_departure

    @property
    def departs_at(self) -> datetime:
        """When its first flight leaves, or left."""
        booked = self.live_segments or self.segments
        return min(self.flights[segment.flight_id].departs_at for segment in booked)

    @property
    def situation(self) -> action_rules.Situation:
        """What the rules of what may be done look at."""
        return action_rules.Situation(
            status=self.status,
            now=self.now,
            departs_at=self.departs_at,
            party={each.id: PassengerType(each.type) for each in self.passengers},
            parts=[self._part(coupon) for coupon in self.live_coupons],
            is_flight_off=any(self._is_off(segment) for segment in self.live_segments),
        )

    def _part(self, coupon: CouponRow) -> action_rules.Part:
        segment = self.segment(coupon.segment_id)
        condition = self.change_condition(segment)
        return action_rules.Part(
            coupon_id=coupon.id,
            passenger_id=coupon.passenger_id,
            slice_number=segment.slice_number,
            status=CouponStatus(coupon.status),
            departs_at=self.flights[segment.flight_id].departs_at,
            is_flight_off=self._is_off(segment),
            may_change=condition is not None and condition.allowed and condition.penalty is not None,
        )

    def _is_off(self, segment: SegmentRow) -> bool:
        return self.flights[segment.flight_id].status is FlightStatus.CANCELLED


async def read_as_of(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Standing | None:
    """A booking as it stood at a moment, None before it was made. Flights are as they are today."""
    booking = await as_of_store.find_booking(session, booking_id, as_of)
    if booking is None:
        return None
    segments = await as_of_store.find_segments(session, booking_id, as_of)
    return Standing(
        booking=booking,
        passengers=await as_of_store.find_passengers(session, booking_id, as_of),
        segments=segments,
        items=await as_of_store.find_items(session, booking_id, as_of),
        tickets=await as_of_store.find_tickets(session, booking_id, as_of),
        coupons=await as_of_store.find_coupons(session, booking_id, as_of),
        flights=await flights.get_flights(session, [segment.flight_id for segment in segments]),
        products=await _products(session, segments),
        is_payment_open=False,
        now=as_of,
    )


async def read(session: AsyncSession, booking: BookingRow, now: datetime) -> Standing:
    """All there is of a booking."""
    segments = await store.find_segments(session, [booking.id])
    return Standing(
        booking=booking,
        passengers=await store.find_passengers(session, [booking.id]),
        segments=segments,
        items=await store.find_items(session, booking.id),
        tickets=await store.find_tickets(session, booking.id),
        coupons=await store.find_coupons(session, booking.id),
        flights=await flights.get_flights(session, [segment.flight_id for segment in segments]),
        products=await _products(session, segments),
        is_payment_open=await payments.find_open_payment(session, booking.id) is not None,
        now=now,
    )


async def _products(session: AsyncSession, segments: Sequence[SegmentRow]) -> dict[UUID, FareProduct]:
    return {
        product_id: await pricing.get_fare_product(session, product_id)
        for product_id in {segment.fare_product_id for segment in segments}
    }
