"""Ordering extras. On a hold they are part of what is due; on a ticket they wait for their own money."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import purposes, telling
from app.bookings import rules as booking_rules
from app.bookings import store as bookings
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.errors import PaymentInProgress
from app.bookings.extras import rules, store
from app.bookings.extras.errors import ExtrasClosed, ExtraUnknown, OrderNotFound, OrderNotPayable
from app.bookings.extras.models import ExtrasLineRow, ExtrasOrderRow
from app.bookings.extras.schemas import (
    ExtraLine,
    ExtrasOrder,
    FulfilKind,
    OrderedExtra,
    OrderStatus,
)
from app.bookings.models import BookingRow, ItemRow
from app.bookings.payment_service import pay
from app.bookings.schemas import BookingStatus, ItemKind, LiveStatus, PaymentAnswer, PaymentRequest
from app.core import clock
from app.core.db import transaction
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency
from app.core.ids import uuid7
from app.core.money import Money
from app.core.security import Caller
from app.payments import journal
from app.payments import service as payments
from app.payments.schemas import Attempt, PaymentPurpose

Fulfil = Callable[[AsyncSession, BookingRow, ExtraLine, datetime], Awaitable[None]]

_fulfilments: dict[FulfilKind, Fulfil] = {}


def on_fulfil(kind: FulfilKind, fulfil: Fulfil) -> None:
    """Let a part give the extras of a kind, in the transaction in which they are had. It may refuse with
    a DomainError: then nothing of the order is had, and money that came for it goes back."""
    _fulfilments[kind] = fulfil


async def order(
    session: AsyncSession, booking: BookingRow, lines: Sequence[ExtraLine], now: datetime
) -> ExtrasOrder:
    """Add extras to a booking, all or none. On a hold, and when they are free, they are had at once; else
    the order waits for a payment with purpose `extras`. The booking must be locked.

    Raises ExtrasClosed, ExtraUnknown, PaymentInProgress, and what the fulfilment refuses with."""
    status = booking_rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now)
    if status not in (BookingStatus.HELD, BookingStatus.TICKETED):
        raise ExtrasClosed(f"it is {status}")
    if await payments.find_open_payment(session, booking.id) is not None:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    await _ensure_theirs(session, booking, lines)
    row = await _write(session, booking, lines, now)
    await _tell(session, "ExtrasOrdered", booking, row, lines, now)
    if status is BookingStatus.HELD or row.amount_minor == 0:
        await _give(session, booking, row, now)
        if status is BookingStatus.HELD:
            total_minor = booking.total_minor + row.amount_minor
            await bookings.update_booking(session, booking.id, {"total_minor": total_minor})
    return await show(session, row.id, now)


async def list_orders(session: AsyncSession, caller: Caller, booking_id: UUID) -> list[ExtrasOrder]:
    """Raises BookingNotFound."""
    booking = await get_own_booking(session, booking_id, caller)
    now = await clock.now(session)
    orders = await store.find_orders(session, booking.id)
    lines = await store.find_lines(session, [each.id for each in orders])
    return [_shown(each, [line for line in lines if line.order_id == each.id], now) for each in orders]


async def find_seat_items(session: AsyncSession, booking_id: UUID) -> set[UUID]:
    """The items that were paid for a certain seat, on a certain flight."""
    return set(await store.find_items_of_kind(session, booking_id, FulfilKind.SEAT))


async def move_lines(
    session: AsyncSession,
    from_booking_id: UUID,
    passenger_ids: Sequence[UUID],
    to_booking_id: UUID,
    segments: Mapping[UUID, UUID],
    now: datetime,
) -> None:
    """Let extras go with their passengers into another booking. Orders that still waited lapse: they were
    for a party that is no more."""
    await store.lapse_orders(session, from_booking_id, now)
    await store.move_lines(session, passenger_ids, to_booking_id, segments)


async def pay_order(
    key: Idempotency, caller: Caller, booking_id: UUID, order_id: UUID, request: PaymentRequest
) -> PaymentAnswer:
    """Pay for a waiting order, once per key; what it holds is had when the money is in.

    Raises BookingNotFound, OrderNotFound, OrderNotPayable, PaymentInProgress."""
    async with transaction() as session:
        booking = await get_own_booking(session, booking_id, caller)
        await _get(session, booking.id, order_id)
    return await pay(key, caller, booking_id, request, PaymentPurpose.EXTRAS, order_id)


async def lock_booking_for_update(session: AsyncSession, booking_id: UUID, caller: Caller) -> BookingRow:
    """The booking to be added to. Raises BookingNotFound."""
    return await get_own_booking_for_update(session, booking_id, caller)


async def show(session: AsyncSession, order_id: UUID, now: datetime) -> ExtrasOrder:
    """Raises OrderNotFound."""
    row = await store.find_order(session, order_id)
    if row is None:
        raise OrderNotFound()
    return _shown(row, await store.find_lines(session, [order_id]), now)


class Extras:
    """The purpose `extras`: an order is due while it waits, and its lines are what the money buys."""

    async def amount_due(
        self, session: AsyncSession, booking: BookingRow, purpose_id: UUID | None, now: datetime
    ) -> Money:
        """Raises OrderNotFound, OrderNotPayable."""
        row = await _get_waiting(session, booking, purpose_id)
        if now >= row.expires_at:
            raise OrderNotPayable(f"it lapsed at {row.expires_at.isoformat()}")
        return Money(amount_minor=row.amount_minor, currency=row.currency)

    async def apply(
        self,
        session: AsyncSession,
        booking: BookingRow,
        purpose_id: UUID | None,
        attempt: Attempt,
        now: datetime,
    ) -> None:
        """Raises OrderNotPayable, and what the fulfilment refuses with."""
        row = await _get_waiting(session, booking, purpose_id)
        if row.amount_minor != attempt.shown.amount.amount_minor:
            raise OrderNotPayable("another amount was paid")
        # The lock on the cabins, if a fulfilment takes one, comes last.
        await journal.record_sale(session, booking.id, row.amount_minor, 0, booking.currency, now)
        await _give(session, booking, row, now)


async def _get_waiting(session: AsyncSession, booking: BookingRow, order_id: UUID | None) -> ExtrasOrderRow:
    if order_id is None:
        raise OrderNotFound()
    row = await _get(session, booking.id, order_id)
    if booking.status != BookingStatus.TICKETED:
        raise OrderNotPayable(f"the booking is {booking.status}")
    if row.status != OrderStatus.WAITING:
        raise OrderNotPayable(f"it is {row.status}")
    return row


async def _get(session: AsyncSession, booking_id: UUID, order_id: UUID) -> ExtrasOrderRow:
    row = await store.find_order(session, order_id)
    if row is None or row.booking_id != booking_id:
        raise OrderNotFound()
    return row


async def _ensure_theirs(session: AsyncSession, booking: BookingRow, lines: Sequence[ExtraLine]) -> None:
    passengers = {row.id for row in await bookings.find_passengers(session, [booking.id])}
    segments = {
        row.id for row in await bookings.find_segments(session, [booking.id]) if row.status == LiveStatus.LIVE
    }
    for place, line in enumerate(lines):
        pointer = f"/extras/{place}"
        if line.passenger_id not in passengers:
            raise ExtraUnknown("the passenger is not one of the booking", pointer=f"{pointer}/passenger_id")
        if line.segment_id is not None and line.segment_id not in segments:
            raise ExtraUnknown("the segment is not one of the booking", pointer=f"{pointer}/segment_id")
        if line.amount.currency != booking.currency:
            raise ExtraUnknown(f"the booking is in {booking.currency}", pointer=pointer)


async def _write(
    session: AsyncSession, booking: BookingRow, lines: Sequence[ExtraLine], now: datetime
) -> ExtrasOrderRow:
    order_id = uuid7()
    values = {
        "id": order_id,
        "booking_id": booking.id,
        "status": OrderStatus.WAITING,
        "amount_minor": sum(line.amount.amount_minor for line in lines),
        "currency": booking.currency,
        "created_at": now,
        "expires_at": now + rules.ORDER_LIFE,
    }
    await store.insert_order(session, values)
    await store.insert_lines(session, [_line_values(booking, order_id, line) for line in lines])
    return await _get(session, booking.id, order_id)


def _line_values(booking: BookingRow, order_id: UUID, line: ExtraLine) -> dict[str, object]:
    return {
        "id": uuid7(),
        "order_id": order_id,
        "booking_id": booking.id,
        "passenger_id": line.passenger_id,
        "segment_id": line.segment_id,
        "code": line.code,
        "description": line.description,
        "amount_minor": line.amount.amount_minor,
        "currency": line.amount.currency,
        "fulfil_kind": line.fulfil_kind,
        "detail": line.detail,
    }


async def _give(session: AsyncSession, booking: BookingRow, row: ExtrasOrderRow, now: datetime) -> None:
    """Make the lines live items of the booking, and let each kind be fulfilled."""
    await store.mark_applied(session, row.id, now)
    lines = await store.find_lines(session, [row.id])
    for line in lines:
        item_id = uuid7()
        await bookings.insert_rows(session, ItemRow, [_item_values(line, item_id, now)])
        await store.set_item(session, line.id, item_id)
    await _tell(session, "ExtrasAdded", booking, row, [_line(line) for line in lines], now)
    for line in lines:
        fulfil = _fulfilments.get(FulfilKind(line.fulfil_kind))
        if fulfil is not None:
            await fulfil(session, booking, _line(line), now)


def _item_values(line: ExtrasLineRow, item_id: UUID, now: datetime) -> dict[str, object]:
    return {
        "id": item_id,
        "booking_id": line.booking_id,
        "passenger_id": line.passenger_id,
        "segment_id": line.segment_id,
        "kind": ItemKind.ANCILLARY,
        "code": line.code,
        "description": line.description,
        "amount_minor": line.amount_minor,
        "currency": line.currency,
        "status": LiveStatus.LIVE,
        "created_at": now,
    }


async def _tell(
    session: AsyncSession,
    event_type: str,
    booking: BookingRow,
    row: ExtrasOrderRow,
    lines: Sequence[ExtraLine],
    now: datetime,
) -> None:
    payload = {
        "order_id": row.id,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "codes": sorted(line.code for line in lines),
    }
    await telling.record(session, event_type, booking, payload, now)


def _line(row: ExtrasLineRow) -> ExtraLine:
    return ExtraLine(
        passenger_id=row.passenger_id,
        segment_id=row.segment_id,
        code=row.code,
        description=row.description,
        amount=Money(amount_minor=row.amount_minor, currency=row.currency),
        fulfil_kind=FulfilKind(row.fulfil_kind),
        detail=row.detail,
    )


def _shown(row: ExtrasOrderRow, lines: Sequence[ExtrasLineRow], now: datetime) -> ExtrasOrder:
    return ExtrasOrder(
        id=row.id,
        booking_id=row.booking_id,
        status=rules.status_at(OrderStatus(row.status), row.expires_at, now),
        total=Money(amount_minor=row.amount_minor, currency=row.currency),
        extras=[
            OrderedExtra(
                passenger_id=line.passenger_id,
                segment_id=line.segment_id,
                kind=FulfilKind(line.fulfil_kind),
                code=line.code,
                description=line.description,
                amount=Money(amount_minor=line.amount_minor, currency=line.currency),
                item_id=line.item_id,
            )
            for line in lines
        ],
        created_at=row.created_at,
        expires_at=row.expires_at,
        applied_at=row.applied_at,
    )


purposes.register(PaymentPurpose.EXTRAS, Extras())
