"""What check-in and boarding tell the streams: one event a coupon, marked simulated as its booking is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.coupon_service import TravelCoupon
from app.core import events
from app.core.context import bind, current
from app.core.money import Money


@contextmanager
def marked_as(coupon: TravelCoupon) -> Iterator[None]:
    """Rows written by a gate or a chore for a simulated booking are simulated too."""
    before = current()
    bind(replace(before, is_simulated=coupon.simulated))
    try:
        yield
    finally:
        bind(before)


async def coupon_checked_in(
    session: AsyncSession,
    coupon: TravelCoupon,
    sequence_number: int,
    *,
    standby: bool,
    actor_id: UUID | None,
    now: datetime,
) -> None:
    details = {"sequence_number": sequence_number, "standby": standby}
    await _record(session, "CouponCheckedIn", coupon, details, actor_id, now)


async def check_in_undone(
    session: AsyncSession, coupon: TravelCoupon, actor_id: UUID | None, now: datetime
) -> None:
    await _record(session, "CheckInUndone", coupon, {}, actor_id, now)


async def coupon_boarded(
    session: AsyncSession, coupon: TravelCoupon, sequence_number: int, actor_id: UUID | None, now: datetime
) -> None:
    details = {"sequence_number": sequence_number}
    await _record(session, "CouponBoarded", coupon, details, actor_id, now)


async def coupon_flown(
    session: AsyncSession, coupon: TravelCoupon, actor_id: UUID | None, now: datetime
) -> None:
    details = {"boarding_outcome": coupon.boarding_outcome}
    await _record(session, "CouponFlown", coupon, details, actor_id, now)


async def passenger_no_show(
    session: AsyncSession, coupon: TravelCoupon, actor_id: UUID | None, now: datetime
) -> None:
    details = {"checked_in": coupon.status == "checked_in"}
    await _record(session, "PassengerNoShow", coupon, details, actor_id, now)


async def boarding_denied(
    session: AsyncSession,
    coupon: TravelCoupon,
    kind: str,
    compensation: Money,
    rule: str,
    actor_id: UUID | None,
    now: datetime,
) -> None:
    details = {
        "kind": kind,
        "compensation_minor": compensation.amount_minor,
        "currency": compensation.currency,
        "rule": rule,
    }
    await _record(session, "BoardingDenied", coupon, details, actor_id, now)


async def _record(
    session: AsyncSession,
    event_type: str,
    coupon: TravelCoupon,
    details: dict[str, Any],
    actor_id: UUID | None,
    now: datetime,
) -> None:
    about = {
        "pnr": coupon.pnr,
        "passenger_id": coupon.passenger_id,
        "segment_id": coupon.segment_id,
        "flight_id": coupon.flight_id,
    }
    with marked_as(coupon):
        await events.record(
            session,
            event_type,
            "coupon",
            coupon.id,
            about | details,
            booking_id=coupon.booking_id,
            actor_id=actor_id,
            occurred_at=now,
        )
