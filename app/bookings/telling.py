"""What bookings tells the streams. Entities come from the hashes kept beside the booking, so that an event
written later, or by a chore, names the same people as the first."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.models import BookingRow, CouponRow, SegmentRow
from app.bookings.rules import CancellationFigures
from app.core import events
from app.core.context import bind, current


@contextmanager
def marked_as(booking: BookingRow) -> Iterator[None]:
    """Rows written by a chore for a simulated booking are simulated too."""
    before = current()
    bind(replace(before, is_simulated=booking.simulated))
    try:
        yield
    finally:
        bind(before)


async def booking_created(
    session: AsyncSession, booking: BookingRow, flight_ids: Sequence[UUID], seats: int
) -> None:
    await events.record_all(session, [created_event(booking, flight_ids, seats)])


def created_event(booking: BookingRow, flight_ids: Sequence[UUID], seats: int) -> events.NewEvent:
    """BookingCreated, to be recorded."""
    payload = {
        "pnr": booking.pnr,
        "status": booking.status,
        "passenger_count": booking.passenger_count,
        "seats": seats,
        "flight_ids": flight_ids,
        "total_minor": booking.total_minor,
        "currency": booking.currency,
    }
    return _record_of("BookingCreated", booking, payload | _entities(booking), booking.created_at)


async def booking_confirmed(
    session: AsyncSession,
    booking: BookingRow,
    segments: Sequence[SegmentRow],
    paid_by: dict[str, str],
    now: datetime,
) -> None:
    """`paid_by` are the entities of the payment, which know the card."""
    payload = {
        "pnr": booking.pnr,
        "total_minor": booking.total_minor,
        "currency": booking.currency,
        "flight_ids": [segment.flight_id for segment in segments],
    }
    card = {kind: key for kind, key in paid_by.items() if kind == "card"}
    await record(session, "BookingConfirmed", booking, payload | _entities(booking, card), now)


async def booking_ticketed(
    session: AsyncSession, booking: BookingRow, ticket_numbers: list[str], now: datetime
) -> None:
    payload = {"pnr": booking.pnr, "ticket_numbers": ticket_numbers}
    await record(session, "BookingTicketed", booking, payload, now)


async def booking_cancelled(
    session: AsyncSession, booking: BookingRow, figures: CancellationFigures, now: datetime
) -> None:
    payload = {
        "pnr": booking.pnr,
        "penalty_minor": figures.penalty_minor,
        "refund_minor": figures.refund_minor,
        "currency": booking.currency,
    }
    await record(session, "BookingCancelled", booking, payload | _entities(booking), now)


async def booking_part_cancelled(
    session: AsyncSession,
    booking: BookingRow,
    figures: CancellationFigures,
    coupons: Sequence[CouponRow],
    now: datetime,
) -> None:
    payload = {
        "pnr": booking.pnr,
        "penalty_minor": figures.penalty_minor,
        "refund_minor": figures.refund_minor,
        "currency": booking.currency,
        "coupon_ids": sorted(str(coupon.id) for coupon in coupons),
        "flight_ids": sorted({str(coupon.flight_id) for coupon in coupons}),
    }
    await record(session, "BookingPartCancelled", booking, payload, now)


async def booking_repriced(
    session: AsyncSession, booking: BookingRow, before_minor: int, total_minor: int, now: datetime
) -> None:
    payload = {
        "pnr": booking.pnr,
        "before_minor": before_minor,
        "total_minor": total_minor,
        "currency": booking.currency,
    }
    await record(session, "BookingRepriced", booking, payload, now)


async def booking_changed(
    session: AsyncSession, booking: BookingRow, change: dict[str, Any], now: datetime
) -> None:
    await record(session, "BookingChanged", booking, {"pnr": booking.pnr} | change, now)


async def hold_expired(
    session: AsyncSession, booking: BookingRow, flight_ids: Sequence[UUID], seats: int
) -> None:
    """At the moment the hold died, however much later it is swept up."""
    payload = {"pnr": booking.pnr, "flight_ids": flight_ids, "seats": seats}
    await record(session, "HoldExpired", booking, payload | _entities(booking), booking.payment_required_by)


def _entities(booking: BookingRow, more: dict[str, str] | None = None) -> dict[str, Any]:
    known = {
        "account": str(booking.user_id) if booking.user_id else None,
        "email": booking.email_hash,
        "device": booking.device_hash,
        "ip": booking.ip_hash,
        "ip24": booking.ip24_hash,
    }
    return {"entities": {kind: key for kind, key in known.items() if key is not None} | (more or {})}


async def record(
    session: AsyncSession, event_type: str, booking: BookingRow, payload: dict[str, Any], now: datetime
) -> None:
    await events.record_all(session, [_record_of(event_type, booking, payload, now)])


def _record_of(
    event_type: str, booking: BookingRow, payload: dict[str, Any], now: datetime
) -> events.NewEvent:
    return events.new_event(
        event_type,
        "booking",
        booking.id,
        payload,
        booking_id=booking.id,
        subject_id=booking.contact_subject_id,
        actor_id=booking.user_id,
        occurred_at=now,
    )
