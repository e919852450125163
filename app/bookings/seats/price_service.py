"""What choosing a seat costs: a price by zone in economy, once for each passenger and segment.

On a hold a seat's price is an item like any other and goes with the seat. On a ticket it waits for its
money as an order of extras; the seat is given when the money is in, which counts towards the next one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import store
from app.bookings.errors import PaymentInProgress
from app.bookings.extras import service as extras
from app.bookings.extras.schemas import ExtraLine, ExtrasOrder, FulfilKind, OrderStatus
from app.bookings.models import BookingRow, ItemRow
from app.bookings.schemas import ItemKind, LiveStatus
from app.bookings.seats import rules
from app.bookings.seats.errors import SeatsClosed
from app.core.idempotency import RETRY_AFTER_SECONDS
from app.core.money import Money
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import Cabin
from app.inventory import service as inventory
from app.inventory.seats.schemas import SeatPlace, SeatWish, SeatZone
from app.payments import service as payments
from app.pricing import service as pricing


@dataclass(frozen=True)
class PricedWish:
    """A seat somebody wants, on which segment, and what it costs in the booking's currency."""

    wish: SeatWish
    segment_id: UUID
    place: SeatPlace
    price_minor: int


async def zone_prices(session: AsyncSession, distance_km: int, currency: str | None) -> dict[SeatZone, Money]:
    """What each zone of economy costs on a flight so far; a zone that is left out costs nothing.

    Raises CurrencyUnavailable."""
    found = {}
    for zone in SeatZone:
        price = await pricing.seat_price(session, zone, distance_km, currency)
        if price is not None and price.amount_minor > 0:
            found[zone] = price
    return found


def price_of(place: SeatPlace, prices: Mapping[SeatZone, Money]) -> Money | None:
    """Seats of the dearer cabins are in their fares."""
    return prices.get(place.zone) if place.cabin == Cabin.ECONOMY else None


async def paid_items(session: AsyncSession, booking_id: UUID) -> dict[tuple[UUID, UUID], list[ItemRow]]:
    """The live items for seats, by (passenger, segment)."""
    found: dict[tuple[UUID, UUID], list[ItemRow]] = {}
    for item in await store.find_items(session, booking_id):
        is_seat = item.kind == ItemKind.ANCILLARY and item.code in rules.SEAT_CODES.values()
        if is_seat and item.status == LiveStatus.LIVE and item.passenger_id and item.segment_id:
            found.setdefault((item.passenger_id, item.segment_id), []).append(item)
    return found


async def take_on_hold(
    session: AsyncSession,
    booking: BookingRow,
    wished: Sequence[PricedWish],
    left: Sequence[tuple[UUID, UUID]],
    now: datetime,
) -> None:
    """Give the seats of a hold at once, and change what is due by what the old and the new ones cost.

    `left` are the (passenger, segment) that give theirs back. Raises SeatTaken, PaymentInProgress."""
    if wished:
        await inventory.assign_wishes_for_update(session, booking.id, [each.wish for each in wished], now)
    paid = await paid_items(session, booking.id)
    places = [(each.wish.passenger_id, each.segment_id) for each in wished]
    over = [item for place in (*places, *left) for item in paid.get(place, [])]
    lines = [_line(booking, each, each.price_minor) for each in wished if each.price_minor]
    if not over and not lines:
        return
    if await payments.find_open_payment(session, booking.id) is not None:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    if over:
        total_minor = booking.total_minor - sum(item.amount_minor for item in over)
        await store.cancel_items(session, [item.id for item in over])
        await store.update_booking(session, booking.id, {"total_minor": total_minor})
    if lines:
        fresh = await store.find_booking(session, booking.id)
        await extras.order(session, fresh or booking, lines, now)


async def take_on_ticket(
    session: AsyncSession, caller: Caller, booking: BookingRow, wished: Sequence[PricedWish], now: datetime
) -> ExtrasOrder | None:
    """Give at once what costs no more than was paid before; order the rest, to be had when it is paid.

    Raises SeatTaken, also for a seat that would have to be paid first; PaymentInProgress."""
    paid = await paid_items(session, booking.id)
    free, dear = [], []
    for each in wished:
        before = sum(item.amount_minor for item in paid.get((each.wish.passenger_id, each.segment_id), []))
        if each.price_minor <= before:
            free.append(each.wish)
        else:
            dear.append((each, each.price_minor - before))
    if free:
        await inventory.assign_wishes_for_update(session, booking.id, free, now)
    if not dear:
        return None
    await inventory.ensure_free(session, booking.id, [each.wish for each, _ in dear], now)
    lines = [_line(booking, each, amount_minor) for each, amount_minor in dear]
    for waiting in await extras.list_orders(session, caller, booking.id):
        if waiting.status is OrderStatus.WAITING and _is_for(waiting, lines):
            return waiting
    return await extras.order(session, booking, lines, now)


async def fulfil(session: AsyncSession, booking: BookingRow, line: ExtraLine, now: datetime) -> None:
    """Give the seat that was paid for, unless the passenger has it. Raises SeatTaken, SeatsClosed."""
    flight_id, seat = UUID(line.detail["flight_id"]), str(line.detail["seat"])
    for each in await inventory.list_seat_assignments(session, booking.id, now):
        if (each.passenger_id, each.flight_id, each.seat) == (line.passenger_id, flight_id, seat):
            return
    flight = await flights.get_flight(session, flight_id)
    if not rules.is_open(flight.status, flight.departs_at, now):
        raise SeatsClosed(f"{flight.airline} {flight.flight_number} is {flight.status}")
    wish = SeatWish(
        flight_id,
        line.passenger_id,
        seat,
        line.detail["cabin"],
        line.detail["with_infant"],
    )
    await inventory.assign_wishes_for_update(session, booking.id, [wish], now)


def _is_for(order: ExtrasOrder, lines: Sequence[ExtraLine]) -> bool:
    """Whether an order is the same wish, asked again."""
    asked = {(line.passenger_id, line.segment_id, line.description, line.amount) for line in lines}
    return asked == {(one.passenger_id, one.segment_id, one.description, one.amount) for one in order.extras}


def _line(booking: BookingRow, each: PricedWish, amount_minor: int) -> ExtraLine:
    return ExtraLine(
        passenger_id=each.wish.passenger_id,
        segment_id=each.segment_id,
        code=rules.SEAT_CODES[each.place.zone],
        description=f"Seat {each.place.seat}",
        amount=Money(amount_minor=amount_minor, currency=booking.currency),
        fulfil_kind=FulfilKind.SEAT,
        detail={
            "flight_id": str(each.wish.flight_id),
            "seat": each.place.seat,
            "cabin": each.place.cabin,
            "with_infant": each.wish.with_infant,
        },
    )


extras.on_fulfil(FulfilKind.SEAT, fulfil)
