"""Where a booking stands: its rows, read once, and what they mean for what may be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, as_of_store, offer_rows, rules, store
from app.bookings.models import BookingRow, CouponRow, ItemRow, PassengerRow, SegmentRow, TicketRow
from app.bookings.schemas import BookingStatus, CouponStatus, ItemKind, LiveStatus
from app.flights import service as flights
from app.flights.schemas import Cabin, FlightStatus, FlightView
from app.payments import service as payments
from app.pricing import service as pricing
from app.pricing.adjustments.schemas import PricingRule, SegmentFacts
from app.pricing.schemas import Condition, FareComponent, FareProduct, PassengerType


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
    price_now: list[dict[str, Any]] | None = None
    """Items at the price of now, of a hold whose price is no longer promised."""

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

    @property
    def price_items(self) -> list[ItemRow]:
        """The live fares and taxes."""
        kinds = (ItemKind.FARE, *rules.TAX_KINDS)
        return [item for item in self.items if item.status == LiveStatus.LIVE and item.kind in kinds]

    @property
    def is_price_stale(self) -> bool:
        if self.price_now is None:
            return False
        now_minor = sum(int(item["amount_minor"]) for item in self.price_now)
        return now_minor != sum(item.amount_minor for item in self.price_items)

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
            is_flight_off=any(self.is_off(segment) for segment in self.live_segments),
            is_price_stale=self.is_price_stale,
        )

    def _part(self, coupon: CouponRow) -> action_rules.Part:
        segment = self.segment(coupon.segment_id)
        condition = self.change_condition(segment)
        return action_rules.Part(
            coupon_id=coupon.id,
            passenger_id=coupon.passenger_id,
            segment_id=segment.id,
            slice_number=segment.slice_number,
            status=CouponStatus(coupon.status),
            departs_at=self.flights[segment.flight_id].departs_at,
            is_flight_off=self.is_off(segment),
            may_change=condition is not None and condition.allowed and condition.penalty is not None,
            may_check_in=coupon.status == CouponStatus.OPEN
            and coupon.boarding_outcome is None
            and flights.is_check_in_open(self.flights[segment.flight_id], self.now),
        )

    def is_off(self, segment: SegmentRow) -> bool:
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
        products=await _products(session, booking, segments),
        is_payment_open=False,
        now=as_of,
    )


async def read(session: AsyncSession, booking: BookingRow, now: datetime) -> Standing:
    """All there is of a booking."""
    segments = await store.find_segments(session, [booking.id])
    at = Standing(
        booking=booking,
        passengers=await store.find_passengers(session, [booking.id]),
        segments=segments,
        items=await store.find_items(session, booking.id),
        tickets=await store.find_tickets(session, booking.id),
        coupons=await store.find_coupons(session, booking.id),
        flights=await flights.get_flights(session, [segment.flight_id for segment in segments]),
        products=await _products(session, booking, segments),
        is_payment_open=await payments.find_open_payment(session, booking.id) is not None,
        now=now,
    )
    if at.status is BookingStatus.HELD and now >= booking.price_guarantee_expires_at:
        return replace(at, price_now=await _price_now(session, at))
    return at


async def _price_now(session: AsyncSession, at: Standing) -> list[dict[str, Any]]:
    """In the booking's currency, at today's rate."""
    sold = [(segment, at.products[segment.fare_product_id]) for segment in at.live_segments]
    holding = await pricing.list_pricing_rules(session, at.now)
    components = [_component(at, segment, product, holding) for segment, product in sold]
    exchange = await pricing.find_exchange(
        session, components[0].product.currency, at.booking.currency, at.now.date()
    )
    quote = pricing.quote(components, [PassengerType(each.type) for each in at.passengers], exchange)
    sold_as = [(product.fare_basis, product.brand) for _, product in sold]
    common = {"booking_id": at.booking.id, "created_at": at.now}
    segment_ids = [segment.id for segment, _ in sold]
    return [
        row
        for passenger, price in zip(at.passengers, quote.passengers, strict=True)
        for row in offer_rows.price_rows(price, sold_as, common, passenger.id, segment_ids)
    ]


def _component(
    at: Standing, segment: SegmentRow, product: FareProduct, holding: Sequence[PricingRule]
) -> FareComponent:
    flight = at.flights[segment.flight_id]
    bought_on = at.now.astimezone(ZoneInfo(flight.departs_zone)).date()
    facts = SegmentFacts(
        Cabin(segment.cabin),
        flight.airline,
        flight.origin,
        flight.destination,
        flight.departure_date,
        bought_on,
    )
    adjustments = pricing.adjustments_for(holding, facts, product)
    return FareComponent(product, flight.distance_km, segment.segment_number == 1, adjustments)


async def _products(
    session: AsyncSession, booking: BookingRow, segments: Sequence[SegmentRow]
) -> dict[UUID, FareProduct]:
    """The products it was sold under, their penalties in its currency at the rate of its day."""
    booked_on = booking.created_at.date()
    return {
        product_id: replace(
            await pricing.get_fare_product(session, product_id),
            conditions=await pricing.get_conditions(session, product_id, booking.currency, booked_on),
        )
        for product_id in {segment.fare_product_id for segment in segments}
    }
