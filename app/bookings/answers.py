"""What callers are shown of a booking, put together from its rows, the flights and the vault."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, rules, standing, store
from app.bookings.models import (
    BookingRow,
    CancellationRow,
    CouponRow,
    ItemRow,
    PassengerRow,
    SegmentRow,
    TicketRow,
)
from app.bookings.schemas import (
    BoardingOutcome,
    Booking,
    BookingEvent,
    BookingStatus,
    BookingSummary,
    Cancellation,
    CancellationStatus,
    Coupon,
    CouponStatus,
    Item,
    ItemKind,
    LiveStatus,
    Passenger,
    Segment,
    Slice,
    Ticket,
    TicketStatus,
)
from app.bookings.standing import Standing
from app.core import vault
from app.core.ids import encode
from app.core.models import DomainEvent
from app.core.money import Money
from app.flights.schemas import FlightView
from app.payments.schemas import Refund
from app.pricing.schemas import PassengerType

# What the streams need and the traveller does not.
_NOT_SHOWN = frozenset({"entities", "fraud_decision", "fraud_score"})
_PREFIXES = {
    "payment_id": "pay",
    "refund_id": "ref",
    "flight_ids": "flt",
    "old_flight_ids": "flt",
    "schedule_change_id": "scg",
}


async def show_booking(session: AsyncSession, booking: BookingRow, now: datetime) -> Booking:
    return await show(session, await standing.read(session, booking, now))


async def show_as_of(session: AsyncSession, booking_id: UUID, as_of: datetime) -> Booking | None:
    """A booking as it stood at a moment. Nothing can be done in the past; names are those of today."""
    at = await standing.read_as_of(session, booking_id, as_of)
    return None if at is None else (await show(session, at)).model_copy(update={"available_actions": []})


async def show(session: AsyncSession, at: Standing) -> Booking:
    return show_as(at, await vault.get_people(session, [row.subject_id for row in at.passengers]))


def show_as(at: Standing, people: Mapping[UUID, Mapping[str, str]]) -> Booking:
    """A booking of these people, by subject id; one who is not among them has been erased."""
    booking, status = at.booking, at.status
    return Booking(
        id=booking.id,
        pnr=booking.pnr,
        status=status,
        total=Money(amount_minor=booking.total_minor, currency=booking.currency),
        price_guarantee_expires_at=booking.price_guarantee_expires_at,
        payment_required_by=booking.payment_required_by,
        passengers=_passengers(at.passengers, people),
        slices=_slices(at.segments, at.flights),
        items=[_item(row) for row in at.items],
        tickets=[_ticket(row, at.coupons) for row in at.tickets],
        created_at=booking.created_at,
        confirmed_at=booking.confirmed_at,
        ticketed_at=booking.ticketed_at,
        cancelled_at=booking.cancelled_at,
        expired_at=booking.payment_required_by if status is BookingStatus.EXPIRED else None,
        available_actions=action_rules.available_actions(at.situation),
        travel_status=rules.travel_status(
            [(CouponStatus(coupon.status), coupon.boarding_outcome) for coupon in at.coupons]
        ),
        version=booking.version,
    )


def without_names(booking: Booking) -> str:
    """An answer as it may be kept outside of the vault, as JSON."""
    nameless = [
        each.model_copy(update={"given_name": None, "family_name": None}) for each in booking.passengers
    ]
    return booking.model_copy(update={"passengers": nameless}).model_dump_json()


async def with_names(session: AsyncSession, kept: dict[str, Any]) -> Booking:
    """A kept answer with the names its people still have."""
    booking = Booking.model_validate(kept)
    rows = await store.find_passengers(session, [booking.id])
    people = await vault.get_people(session, [row.subject_id for row in rows])
    return booking.model_copy(update={"passengers": _passengers(rows, people)})


def summarise(booking: BookingRow, now: datetime) -> BookingSummary:
    return BookingSummary(
        id=booking.id,
        pnr=booking.pnr,
        status=rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now),
        total=Money(amount_minor=booking.total_minor, currency=booking.currency),
        passenger_count=booking.passenger_count,
        payment_required_by=booking.payment_required_by,
        created_at=booking.created_at,
    )


def show_event(event: DomainEvent) -> BookingEvent:
    return BookingEvent(
        id=event.id,
        type=event.type,
        occurred_at=event.occurred_at,
        request_id=event.request_id,
        details=public_details(event.payload),
    )


def public_details(payload: dict[str, Any]) -> dict[str, Any]:
    """What an event's payload says to those outside: no hashes and no verdicts, and ids as they know them."""
    return {name: _public(name, value) for name, value in payload.items() if name not in _NOT_SHOWN}


def show_cancellation(
    row: CancellationRow, refunds: Sequence[Refund], coupon_ids: Sequence[UUID]
) -> Cancellation:
    return Cancellation(
        id=row.id,
        booking_id=row.booking_id,
        status=CancellationStatus(row.status),
        penalty=Money(amount_minor=row.penalty_minor, currency=row.currency),
        refund_amount=Money(amount_minor=row.refund_minor, currency=row.currency),
        quoted_at=row.quoted_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        refund=refunds[0] if refunds else None,
        refunds=list(refunds),
        is_whole=row.is_whole,
        is_void=row.is_void,
        coupon_ids=list(coupon_ids),
    )


def _public(name: str, value: Any) -> Any:
    prefix = _PREFIXES.get(name)
    if prefix is None:
        return value
    return (
        [encode(prefix, UUID(each)) for each in value]
        if isinstance(value, list)
        else encode(prefix, UUID(value))
    )


def _passengers(rows: Sequence[PassengerRow], people: Mapping[UUID, Mapping[str, str]]) -> list[Passenger]:
    return [
        Passenger(
            id=row.id,
            type=PassengerType(row.type),
            given_name=people.get(row.subject_id, {}).get("given_name"),
            family_name=people.get(row.subject_id, {}).get("family_name"),
        )
        for row in rows
    ]


def _slices(segments: Sequence[SegmentRow], flown: dict[UUID, FlightView]) -> list[Slice]:
    """The slices as they are flown, or were meant to be: without what has been exchanged for another."""
    by_slice: dict[int, list[Segment]] = {}
    for row in segments:
        if row.status != LiveStatus.EXCHANGED:
            by_slice.setdefault(row.slice_number, []).append(_segment(row, flown[row.flight_id]))
    return [
        Slice(number=number, origin=inside[0].origin, destination=inside[-1].destination, segments=inside)
        for number, inside in sorted(by_slice.items())
    ]


def _segment(row: SegmentRow, flight: FlightView) -> Segment:
    return Segment(
        id=row.id,
        flight_id=row.flight_id,
        airline=flight.airline,
        flight_number=flight.flight_number,
        origin=flight.origin,
        destination=flight.destination,
        departs_local=flight.departs_local,
        departs_zone=flight.departs_zone,
        arrives_local=flight.arrives_local,
        arrives_zone=flight.arrives_zone,
        duration=flight.arrives_at - flight.departs_at,
        flight_status=flight.status,
        cabin=row.cabin,
        fare_class=row.fare_class,
        status=LiveStatus(row.status),
    )


def _item(row: ItemRow) -> Item:
    return Item(
        id=row.id,
        passenger_id=row.passenger_id,
        kind=ItemKind(row.kind),
        code=row.code,
        description=row.description,
        amount=Money(amount_minor=row.amount_minor, currency=row.currency),
        status=LiveStatus(row.status),
    )


def _ticket(row: TicketRow, coupons: Sequence[CouponRow]) -> Ticket:
    return Ticket(
        id=row.id,
        number=row.number,
        passenger_id=row.passenger_id,
        status=TicketStatus(row.status),
        issued_at=row.issued_at,
        coupons=[
            Coupon(
                id=coupon.id,
                segment_id=coupon.segment_id,
                number=coupon.number,
                status=CouponStatus(coupon.status),
                boarding_outcome=BoardingOutcome(coupon.boarding_outcome)
                if coupon.boarding_outcome
                else None,
            )
            for coupon in coupons
            if coupon.ticket_id == row.id
        ],
    )
