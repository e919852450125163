"""Turning a paid booking into tickets."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import rules, store, telling
from app.bookings.models import BookingRow, CouponRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.schemas import BookingStatus, CouponStatus, ItemKind, LiveStatus, TicketStatus
from app.core.errors import Unavailable
from app.core.ids import uuid7
from app.core.money import share_out
from app.flights import service as flights
from app.inventory import service as inventory
from app.inventory.errors import HoldExpired
from app.inventory.schemas import HoldOutcome, SeatRequest
from app.inventory.seats.errors import SeatTaken
from app.payments import journal
from app.pricing.schemas import PassengerType

# Ticket numbers are a stock's three digits and a serial of ten.
TICKET_STOCK = "979"
SERIAL_DIGITS = 10
NUMBER_ATTEMPTS = 5
# Of the items for seats: SEATSTD, SEATPREF, SEATLEGS.
SEAT_CODE_PREFIX = "SEAT"


async def issue_tickets(
    session: AsyncSession, booking: BookingRow, paid_by: dict[str, str], now: datetime
) -> None:
    """Confirm and ticket a booking whose money is in, and make its seats sold, all or none of it.

    Seats no longer held are taken again. Raises SoldOut or FlightClosed when there are none to take.
    Locks the cabins last; the booking must be locked before."""
    revived = {"status": BookingStatus.TICKETED, "confirmed_at": now, "ticketed_at": now, "expired_at": None}
    async with session.begin_nested():
        await store.update_booking(session, booking.id, revived)
        await store.set_items(session, [booking.id], LiveStatus.LIVE)
        await store.set_segments(session, [booking.id], LiveStatus.LIVE)
        passengers = await store.find_passengers(session, [booking.id])
        segments = await store.find_segments(session, [booking.id])
        items = await store.find_items(session, booking.id)
        numbers = [
            await issue_ticket(session, booking, passenger, segments, items, now) for passenger in passengers
        ]
        fare_minor, tax_minor = rules.sale_of([(ItemKind(item.kind), item.amount_minor) for item in items])
        await journal.record_sale(session, booking.id, fare_minor, tax_minor, booking.currency, now)
        await telling.booking_confirmed(session, booking, segments, paid_by, now)
        await telling.booking_ticketed(session, booking, numbers, now)
        await _take_seats(session, booking, seats_of(passengers, segments), now)


def seats_of(passengers: Sequence[PassengerRow], segments: Sequence[SegmentRow]) -> list[SeatRequest]:
    """What a booking occupies in inventory."""
    seats = rules.seats_needed([PassengerType(passenger.type) for passenger in passengers])
    return [SeatRequest(segment.flight_id, segment.cabin, segment.fare_class, seats) for segment in segments]


async def _take_seats(
    session: AsyncSession, booking: BookingRow, wanted: list[SeatRequest], now: datetime
) -> None:
    flown = await flights.get_flights(session, [request.flight_id for request in wanted])
    for flight in flown.values():
        # Asked with the booking locked: whoever cancels a flight looks at its bookings after that commit.
        flights.ensure_operates(flight)
    try:
        await inventory.sell_held_seats(session, booking.id, now)
    except HoldExpired:
        # The money came after the hold had died: the seats are taken like anybody's, or not at all.
        for flight in flown.values():
            flights.ensure_open_for_sale(flight, now)
        lost = await inventory.retake_seats_for_update(session, booking.id, now)
        await _ensure_none_was_bought(session, booking, lost)
        await inventory.release_holds(session, booking.id, HoldOutcome.EXPIRED, now)
        await inventory.sell_seats(session, wanted, now)


async def _ensure_none_was_bought(
    session: AsyncSession, booking: BookingRow, lost: Sequence[tuple[UUID, UUID]]
) -> None:
    """A seat that came with the fare may be gone by now; for one that was bought the money goes back, all of
    it, as nobody is there to choose another. `lost` are (passenger, flight). Raises SeatTaken."""
    if not lost:
        return
    flight_of = {row.id: row.flight_id for row in await store.find_segments(session, [booking.id])}
    for item in await store.find_items(session, booking.id):
        is_seat = item.kind == ItemKind.ANCILLARY and item.code.startswith(SEAT_CODE_PREFIX)
        if is_seat and item.segment_id and (item.passenger_id, flight_of.get(item.segment_id)) in lost:
            raise SeatTaken(f"{item.description} was bought and is gone")


async def issue_ticket(
    session: AsyncSession,
    booking: BookingRow,
    passenger: PassengerRow,
    segments: Sequence[SegmentRow],
    items: Sequence[ItemRow],
    now: datetime,
) -> str:
    """A ticket with a coupon for each of these segments, worth what `items` say; its number."""
    ticket_id, number = await _claim_number(session, booking.id, passenger.id, now)
    own = [item for item in items if item.passenger_id == passenger.id]
    fares = _by_segment(own, ItemKind.FARE, segments)
    taxes = _by_segment(own, ItemKind.TAX, segments)
    coupons = [
        {
            "id": uuid7(),
            "ticket_id": ticket_id,
            "booking_id": booking.id,
            "passenger_id": passenger.id,
            "segment_id": segment.id,
            "flight_id": segment.flight_id,
            "number": place,
            "status": CouponStatus.OPEN,
            "fare_minor": fare_minor,
            "tax_minor": tax_minor,
            "currency": booking.currency,
            "created_at": now,
        }
        for place, (segment, fare_minor, tax_minor) in enumerate(zip(segments, fares, taxes, strict=True), 1)
    ]
    await store.insert_rows(session, CouponRow, coupons)
    return number


async def _claim_number(
    session: AsyncSession, booking_id: UUID, passenger_id: UUID, now: datetime
) -> tuple[UUID, str]:
    ticket_id = uuid7()
    for _ in range(NUMBER_ATTEMPTS):
        number = f"{TICKET_STOCK}{secrets.randbelow(10**SERIAL_DIGITS):0{SERIAL_DIGITS}d}"
        ticket = {
            "id": ticket_id,
            "number": number,
            "booking_id": booking_id,
            "passenger_id": passenger_id,
            "status": TicketStatus.ISSUED,
            "issued_at": now,
        }
        if await store.claim_ticket(session, ticket):
            return ticket_id, number
    raise Unavailable("no free ticket number was found", retry_after_seconds=1)


def _by_segment(items: Sequence[ItemRow], kind: ItemKind, segments: Sequence[SegmentRow]) -> list[int]:
    """What each segment costs of one kind: its own items, and its share of those that are of none."""
    shared = share_out(_sum([item for item in items if item.segment_id is None], kind), len(segments))
    return [
        _sum([item for item in items if item.segment_id == segment.id], kind) + share
        for segment, share in zip(segments, shared, strict=True)
    ]


def _sum(items: Sequence[ItemRow], kind: ItemKind) -> int:
    return sum(item.amount_minor for item in items if item.kind == kind)
