"""The seat map of a flight, and choosing seats for a booking, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import rules as booking_rules
from app.bookings import store
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.extras.schemas import ExtrasOrder
from app.bookings.models import BookingRow, SegmentRow
from app.bookings.schemas import BookingStatus, LiveStatus
from app.bookings.seats import price_service as prices
from app.bookings.seats import rules
from app.bookings.seats.errors import SeatChoiceInvalid, SeatsClosed
from app.bookings.seats.price_service import PricedWish
from app.bookings.seats.schemas import (
    BookingSeat,
    BookingSeats,
    MapCabin,
    MapRow,
    MapSeat,
    SeatChoice,
    SeatChoices,
    SeatMap,
)
from app.core import clock, events
from app.core.money import Money
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import Cabin
from app.inventory import service as inventory
from app.inventory.seats.errors import SeatUnknown
from app.inventory.seats.schemas import CabinLayout, SeatAssignment, SeatPlace, SeatWish, SeatZone
from app.pricing.schemas import PassengerType


@dataclass(frozen=True)
class _Party:
    """Who travels on what, as far as choosing seats goes."""

    segments: dict[UUID, SegmentRow]
    types: dict[UUID, PassengerType]
    with_infants: set[UUID]


async def get_seat_map(session: AsyncSession, flight_id: UUID, currency: str | None) -> SeatMap:
    """With prices in a currency, or the catalogue's own. Raises FlightNotFound, CurrencyUnavailable."""
    now = await clock.now(session)
    flight = await flights.get_flight(session, flight_id)
    layout = await inventory.get_layout(session, flight_id)
    taken = await inventory.list_taken(session, flight_id, now)
    zones = await prices.zone_prices(session, flight.distance_km, currency)
    return SeatMap(
        flight_id=flight_id,
        aircraft_type=flight.aircraft_type,
        cabins=[_cabin(cabin, taken, zones) for cabin in layout],
    )


async def list_seats(session: AsyncSession, caller: Caller, booking_id: UUID) -> BookingSeats:
    """Raises BookingNotFound, also for another's."""
    booking = await get_own_booking(session, booking_id, caller)
    now = await clock.now(session)
    segments = await store.find_segments(session, [booking.id])
    return _shown(await inventory.list_seat_assignments(session, booking.id, now), segments)


async def choose_seats(
    session: AsyncSession, caller: Caller, booking_id: UUID, choices: SeatChoices
) -> BookingSeats:
    """Give the booking's passengers the seats they choose, all or none; gives all seats it then has.

    Raises BookingNotFound, SeatChoiceInvalid, SeatsClosed, SeatUnknown, SeatNotAllowed, SeatTaken,
    InfantBlockTaken, PaymentInProgress. Locks the booking, then the flights' seats."""
    now = await clock.now(session)
    rules.ensure_each_once(choices.seats)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    party = await _party(session, booking)
    status = await _ensure_open(session, booking, party, choices.seats, now)
    has = await _seats_by_place(session, booking, now)
    left = [(choice.passenger_id, choice.segment_id) for choice in choices.seats if choice.seat is None]
    wished = await _wishes(session, booking, party, choices.seats)
    wished = [each for each in wished if has.get(_place(each.wish)) != each.wish.seat]
    for passenger_id, segment_id in left:
        flight_id = party.segments[segment_id].flight_id
        await inventory.release_seats_for_update(session, booking.id, [passenger_id], flight_id, now)
    order = None
    if status is BookingStatus.HELD:
        await prices.take_on_hold(session, booking, wished, left, now)
    else:
        order = await prices.take_on_ticket(session, caller, booking, wished, now)
    seats = await inventory.list_seat_assignments(session, booking.id, now)
    if await _seats_by_place(session, booking, now) != has:
        await _tell(session, booking, seats, now)
    return _shown(seats, list(party.segments.values()), order)


def _place(wish: SeatWish) -> tuple[UUID, UUID]:
    return wish.passenger_id, wish.flight_id


async def _seats_by_place(
    session: AsyncSession, booking: BookingRow, now: datetime
) -> dict[tuple[UUID, UUID], str]:
    seats = await inventory.list_seat_assignments(session, booking.id, now)
    return {(each.passenger_id, each.flight_id): each.seat for each in seats}


async def _party(session: AsyncSession, booking: BookingRow) -> _Party:
    passengers = await store.find_passengers(session, [booking.id])
    types = {row.id: PassengerType(row.type) for row in passengers}
    segments = await store.find_segments(session, [booking.id])
    live = {row.id: row for row in segments if row.status == LiveStatus.LIVE}
    return _Party(live, types, rules.with_infants(list(types.items())))


async def _ensure_open(
    session: AsyncSession, booking: BookingRow, party: _Party, choices: Sequence[SeatChoice], now: datetime
) -> BookingStatus:
    for place, choice in enumerate(choices):
        if choice.passenger_id not in party.types:
            raise SeatChoiceInvalid("no passenger of it", pointer=f"/seats/{place}/passenger_id")
        if choice.segment_id not in party.segments:
            raise SeatChoiceInvalid("no live segment of it", pointer=f"/seats/{place}/segment_id")
    status = booking_rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now)
    if status not in (BookingStatus.HELD, BookingStatus.CONFIRMED, BookingStatus.TICKETED):
        raise SeatsClosed(f"the booking is {status}")
    flight_ids = {party.segments[choice.segment_id].flight_id for choice in choices}
    for flight in (await flights.get_flights(session, sorted(flight_ids))).values():
        if not rules.is_open(flight.status, flight.departs_at, now):
            raise SeatsClosed(f"{flight.airline} {flight.flight_number} is {flight.status}")
    return status


async def _wishes(
    session: AsyncSession, booking: BookingRow, party: _Party, choices: Sequence[SeatChoice]
) -> list[PricedWish]:
    layouts: dict[UUID, dict[str, SeatPlace]] = {}
    zones: dict[UUID, dict[SeatZone, Money]] = {}
    wishes = []
    for index, choice in enumerate(choices):
        if choice.seat is None:
            continue
        segment = party.segments[choice.segment_id]
        flight_id = segment.flight_id
        if flight_id not in layouts:
            layouts[flight_id] = await inventory.get_places(session, flight_id)
            flight = await flights.get_flight(session, flight_id)
            zones[flight_id] = await prices.zone_prices(session, flight.distance_km, booking.currency)
        place = layouts[flight_id].get(choice.seat)
        pointer = f"/seats/{index}/seat"
        if place is None or place.cabin != segment.cabin:
            raise SeatUnknown(f"{choice.seat} is no seat in {segment.cabin}", pointer=pointer)
        has_infant = choice.passenger_id in party.with_infants
        rules.ensure_allowed(place, party.types[choice.passenger_id], has_infant=has_infant, pointer=pointer)
        price = prices.price_of(place, zones[flight_id])
        wish = SeatWish(flight_id, choice.passenger_id, choice.seat, segment.cabin, has_infant)
        wishes.append(PricedWish(wish, choice.segment_id, place, price.amount_minor if price else 0))
    return wishes


async def _tell(
    session: AsyncSession, booking: BookingRow, seats: Sequence[SeatAssignment], now: datetime
) -> None:
    payload = {
        "pnr": booking.pnr,
        "seats": [
            {"flight_id": each.flight_id, "passenger_id": each.passenger_id, "seat": each.seat}
            for each in seats
        ],
    }
    await events.record(
        session,
        "SeatsAssigned",
        "booking",
        booking.id,
        payload,
        booking_id=booking.id,
        subject_id=booking.contact_subject_id,
        actor_id=booking.user_id,
        occurred_at=now,
    )


def _cabin(cabin: CabinLayout, taken: set[str], zones: Mapping[SeatZone, Money]) -> MapCabin:
    rows = [
        MapRow(
            number=row.number,
            is_exit=row.is_exit,
            seats=[
                MapSeat(
                    number=place.seat,
                    position=place.position,
                    zone=place.zone,
                    is_available=place.seat not in taken,
                    price=prices.price_of(place, zones),
                )
                for place in inventory.row_places(cabin, row)
            ],
        )
        for row in cabin.rows
    ]
    return MapCabin(cabin=Cabin(cabin.cabin), blocks=cabin.blocks, rows=rows)


def _shown(
    seats: Sequence[SeatAssignment], segments: Sequence[SegmentRow], order: ExtrasOrder | None = None
) -> BookingSeats:
    segment_of = {segment.flight_id: segment for segment in segments if segment.status == LiveStatus.LIVE}
    places = {segment.flight_id: place for place, segment in enumerate(segments)}
    return BookingSeats(
        data=[
            BookingSeat(
                id=each.id,
                passenger_id=each.passenger_id,
                segment_id=segment_of[each.flight_id].id,
                flight_id=each.flight_id,
                cabin=Cabin(each.cabin),
                seat=each.seat,
            )
            for each in sorted(seats, key=lambda each: (places.get(each.flight_id, 0), each.passenger_id))
            if each.flight_id in segment_of
        ],
        order=order,
    )
