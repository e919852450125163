"""What re-accommodation reads and writes of bookings: one statement each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.models import CouponRow, ItemRow
from app.bookings.schemas import CouponStatus, LiveStatus

_UNSYNCED = {"synchronize_session": False}
# What may still be exchanged: a check-in ends with the flight it was for.
NOT_USED = (CouponStatus.OPEN, CouponStatus.CHECKED_IN)

_LIST_PASSENGERS_ON = text("""
    select
        segment.booking_id,
        segment.cabin,
        segment.fare_class,
        count(*) filter (where passenger.type <> 'infant')::integer as seats,
        bool_or(coupon.status = 'checked_in') as is_checked_in,
        bool_or(passenger.type <> 'adult') as with_child_or_infant,
        extract(epoch from booking.ticketed_at)::double precision as ticketed_at,
        exists (
            select from app.segments as other
            where other.booking_id = segment.booking_id
                and other.slice_number = segment.slice_number
                and other.status = 'live'
                and other.id <> segment.id
        ) as is_connecting
    from app.segments as segment
    join app.coupons as coupon
        on coupon.segment_id = segment.id and coupon.status in ('open', 'checked_in')
    join app.passengers as passenger on passenger.id = coupon.passenger_id
    join app.bookings as booking on booking.id = segment.booking_id
    where segment.flight_id = :flight_id
        and segment.status = 'live'
        and booking.status in ('confirmed', 'ticketed')
    group by segment.id, booking.ticketed_at
""")


async def list_passengers_on(session: AsyncSession, flight_id: UUID) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_PASSENGERS_ON, {"flight_id": flight_id})).all()


async def exchange_coupons(session: AsyncSession, coupon_ids: Sequence[UUID]) -> int:
    """How many were not used yet, and so are exchanged now."""
    statement = (
        update(CouponRow)
        .where(col(CouponRow.id).in_(coupon_ids), col(CouponRow.status).in_(NOT_USED))
        .values(status=CouponStatus.EXCHANGED, updated_at=func.now())
        .returning(col(CouponRow.id))
    )
    return len((await session.scalars(statement, execution_options=_UNSYNCED)).all())


async def reopen_coupons(session: AsyncSession, booking_id: UUID) -> None:
    """Nobody is checked in any more."""
    statement = (
        update(CouponRow)
        .where(col(CouponRow.booking_id) == booking_id, col(CouponRow.status) == CouponStatus.CHECKED_IN)
        .values(status=CouponStatus.OPEN, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_items(session: AsyncSession, segment_ids: Sequence[UUID], to_segment_id: UUID) -> None:
    """What was live on these segments is so on another."""
    statement = (
        update(ItemRow)
        .where(col(ItemRow.segment_id).in_(segment_ids), col(ItemRow.status) == LiveStatus.LIVE)
        .values(segment_id=to_segment_id, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def last_coupon_numbers(session: AsyncSession, ticket_ids: Sequence[UUID]) -> dict[UUID, int]:
    statement = (
        select(col(CouponRow.ticket_id), func.max(col(CouponRow.number)))
        .where(col(CouponRow.ticket_id).in_(ticket_ids))
        .group_by(col(CouponRow.ticket_id))
    )
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}
