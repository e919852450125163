"""Cancelling a booking: a quote that expires, then its confirmation; only the newest quote counts."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import answers, rules, store, telling
from app.bookings.access import get_own_booking_for_update
from app.bookings.errors import (
    BookingNotFound,
    CancellationNotFound,
    NotCancellable,
    PaymentInProgress,
    QuoteExpired,
    QuoteSuperseded,
)
from app.bookings.models import BookingRow, CancellationRow, CouponRow, ItemRow, SegmentRow
from app.bookings.payment_service import settle_refund
from app.bookings.schemas import (
    Answer,
    BookingStatus,
    Cancellation,
    CancellationStatus,
    ItemKind,
    LiveStatus,
)
from app.bookings.ticket_service import seats_of
from app.core import clock
from app.core.db import transaction
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency
from app.core.ids import uuid7
from app.core.security import Caller
from app.flights import service as flights
from app.inventory import service as inventory
from app.inventory.schemas import HoldOutcome
from app.payments import journal
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.pricing import service as pricing

REFUND_REASON = "cancellation"
NOTHING = rules.CancellationFigures(fare_minor=0, tax_minor=0, penalty_minor=0)


async def quote(session: AsyncSession, caller: Caller, booking_id: UUID) -> Cancellation:
    """Say what cancelling would keep and give back; earlier quotes of the booking end.

    Raises BookingNotFound, NotCancellable, PaymentInProgress."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    figures = await _figures(session, booking, now)
    await store.supersede_quotes(session, booking.id)
    cancellation_id = uuid7()
    row = {
        "id": cancellation_id,
        "booking_id": booking.id,
        "status": CancellationStatus.QUOTED,
        "penalty_minor": figures.penalty_minor,
        "refund_minor": figures.refund_minor,
        "currency": booking.currency,
        "quoted_at": now,
        "expires_at": now + rules.QUOTE_LIFE,
    }
    await store.insert_rows(session, CancellationRow, [row])
    return await _shown(session, cancellation_id)


async def confirm(key: Idempotency, caller: Caller, cancellation_id: UUID) -> Answer[Cancellation]:
    """Cancel as quoted, once per key, and pay back. The refund is asked for after the commit, and shows
    `created` until the provider has confirmed it.

    Raises CancellationNotFound, QuoteSuperseded, QuoteExpired, NotCancellable, PaymentInProgress."""
    order = None
    async with transaction() as session:
        kept = await key.find(session)
        if kept is None:
            order = await _confirm(session, caller, cancellation_id)
            await key.store(session, 200, {"cancellation_id": str(cancellation_id)})
    if order is not None:
        await settle_refund(order)
    async with transaction() as session:
        return Answer(await _shown(session, cancellation_id), 200, is_replay=kept is not None)


async def _confirm(
    session: AsyncSession, caller: Caller, cancellation_id: UUID
) -> refunds.RefundOrder | None:
    now = await clock.now(session)
    booking = await _lock_booking_of(session, caller, cancellation_id)
    quoted = await _get(session, cancellation_id)
    if quoted.status == CancellationStatus.SUPERSEDED:
        raise QuoteSuperseded()
    if quoted.status == CancellationStatus.CONFIRMED:
        raise NotCancellable("it has been cancelled")
    if now >= quoted.expires_at:
        raise QuoteExpired()
    figures = await _figures(session, booking, now)
    if (figures.penalty_minor, figures.refund_minor) != (quoted.penalty_minor, quoted.refund_minor):
        raise QuoteSuperseded("the booking has changed since; ask for another quote")
    await store.confirm_quote(session, cancellation_id, now)
    if booking.status == BookingStatus.HELD:
        await _give_up_hold(session, booking, now)
        return None
    return await _cancel_tickets(session, booking, figures, cancellation_id, now)


async def _lock_booking_of(session: AsyncSession, caller: Caller, cancellation_id: UUID) -> BookingRow:
    """The booking is locked before its cancellation is looked at again. Raises CancellationNotFound."""
    booking_id = (await _get(session, cancellation_id)).booking_id
    try:
        return await get_own_booking_for_update(session, booking_id, caller)
    except BookingNotFound:
        raise CancellationNotFound() from None


async def _figures(session: AsyncSession, booking: BookingRow, now: datetime) -> rules.CancellationFigures:
    """What cancelling costs now. Raises NotCancellable, PaymentInProgress."""
    status = rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now)
    segments = await store.find_segments(session, [booking.id])
    coupons = await store.find_coupons(session, booking.id)
    flown = await flights.get_flights(session, [segment.flight_id for segment in segments])
    itinerary = answers.itinerary(segments, flown, coupons)
    if not rules.is_cancellable(status, itinerary, now):
        raise NotCancellable(
            f"it is {status}, and its first flight leaves at {itinerary.departs_at.isoformat()}"
        )
    if status is BookingStatus.HELD:
        if await payments.find_open_payment(session, booking.id) is not None:
            raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
        return NOTHING
    conditions = await _conditions(session, segments)
    return rules.cancellation_figures(
        _ticket_values(coupons), conditions, is_involuntary=itinerary.is_cancelled
    )


async def _conditions(session: AsyncSession, segments: Sequence[SegmentRow]) -> rules.RefundConditions:
    found = []
    for segment in segments:
        product = await pricing.get_fare_product(session, segment.fare_product_id)
        stated = product.conditions.cancel_before_departure
        penalty = stated.penalty.amount_minor if stated and stated.penalty else None
        found.append(rules.RefundConditions(stated.allowed if stated else None, penalty))
    return rules.strictest(found)


def _ticket_values(coupons: Sequence[CouponRow]) -> list[rules.TicketValue]:
    by_ticket: dict[UUID, list[CouponRow]] = defaultdict(list)
    for coupon in coupons:
        by_ticket[coupon.ticket_id].append(coupon)
    return [
        rules.TicketValue(sum(each.fare_minor for each in own), sum(each.tax_minor for each in own))
        for own in by_ticket.values()
    ]


async def _give_up_hold(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    await _close(session, booking, now)
    await telling.booking_cancelled(session, booking, NOTHING, now)
    await inventory.release_holds(session, booking.id, HoldOutcome.CANCELLED, now)


async def _cancel_tickets(
    session: AsyncSession,
    booking: BookingRow,
    figures: rules.CancellationFigures,
    cancellation_id: UUID,
    now: datetime,
) -> refunds.RefundOrder | None:
    """Take the sale back. Locks the cabins, last."""
    await _close(session, booking, now)
    await store.refund_tickets(session, booking.id)
    await store.refund_coupons(session, booking.id)
    if figures.penalty_minor:
        await store.insert_rows(session, ItemRow, [_penalty_item(booking, figures.penalty_minor, now)])
    await journal.record_cancellation(
        session,
        booking.id,
        figures.fare_minor,
        figures.tax_minor,
        figures.penalty_minor,
        booking.currency,
        now,
    )
    order = await _open_refund(session, booking, figures.refund_minor, cancellation_id, now)
    await telling.booking_cancelled(session, booking, figures, now)
    await inventory.release_seats_for_update(session, booking.id, None, None, now)
    passengers = await store.find_passengers(session, [booking.id])
    segments = await store.find_segments(session, [booking.id])
    await inventory.return_seats(session, seats_of(passengers, segments), now)
    return order


async def _close(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    await store.update_booking(session, booking.id, {"status": BookingStatus.CANCELLED, "cancelled_at": now})
    await store.set_items(session, [booking.id], LiveStatus.CANCELLED)
    await store.set_segments(session, [booking.id], LiveStatus.CANCELLED)


def _penalty_item(booking: BookingRow, penalty_minor: int, now: datetime) -> dict[str, object]:
    return {
        "id": uuid7(),
        "booking_id": booking.id,
        "kind": ItemKind.PENALTY,
        "code": "CANCEL",
        "description": "Kept on cancellation",
        "amount_minor": penalty_minor,
        "currency": booking.currency,
        "status": LiveStatus.LIVE,
        "created_at": now,
    }


async def _open_refund(
    session: AsyncSession, booking: BookingRow, refund_minor: int, cancellation_id: UUID, now: datetime
) -> refunds.RefundOrder | None:
    if refund_minor == 0:
        return None
    paid = await payments.find_paid_payment(session, booking.id)
    if paid is None:
        raise RuntimeError(f"tickets of booking {booking.id} were never paid for")
    return await refunds.open_refund(session, paid.shown, refund_minor, REFUND_REASON, now, cancellation_id)


async def _shown(session: AsyncSession, cancellation_id: UUID) -> Cancellation:
    refund = await refunds.find_refund_of_cancellation(session, cancellation_id)
    return answers.show_cancellation(await _get(session, cancellation_id), refund)


async def _get(session: AsyncSession, cancellation_id: UUID) -> CancellationRow:
    row = await store.find_cancellation(session, cancellation_id)
    if row is None:
        raise CancellationNotFound()
    return row
