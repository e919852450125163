"""What a split moves: one statement each."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import case, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.models import CouponRow, ItemRow, PassengerRow, TicketRow

_UNSYNCED = {"synchronize_session": False}


async def move_passengers(session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID) -> None:
    statement = update(PassengerRow).where(col(PassengerRow.id).in_(passenger_ids)).values(booking_id=to)
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_tickets(session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID) -> None:
    statement = (
        update(TicketRow)
        .where(col(TicketRow.passenger_id).in_(passenger_ids))
        .values(booking_id=to, updated_at=func.now())
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_coupons(
    session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID, segments: Mapping[UUID, UUID]
) -> None:
    """`segments`: for each segment left behind, the one that takes its place."""
    statement = (
        update(CouponRow)
        .where(col(CouponRow.passenger_id).in_(passenger_ids))
        .values(
            booking_id=to,
            segment_id=case(dict(segments), value=col(CouponRow.segment_id), else_=col(CouponRow.segment_id)),
            updated_at=func.now(),
        )
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def move_items(
    session: AsyncSession, passenger_ids: Sequence[UUID], to: UUID, segments: Mapping[UUID, UUID]
) -> None:
    statement = (
        update(ItemRow)
        .where(col(ItemRow.passenger_id).in_(passenger_ids))
        .values(
            booking_id=to,
            segment_id=case(dict(segments), value=col(ItemRow.segment_id), else_=col(ItemRow.segment_id)),
            updated_at=func.now(),
        )
    )
    await session.execute(statement, execution_options=_UNSYNCED)
