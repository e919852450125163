"""What changes read and write: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.changes.models import ChangeCouponRow, ChangeRow
from app.bookings.changes.schemas import ChangeStatus

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_change(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(ChangeRow), [values])


async def insert_coupons(session: AsyncSession, change_id: UUID, coupon_ids: Sequence[UUID]) -> None:
    rows = [{"change_id": change_id, "coupon_id": coupon_id} for coupon_id in coupon_ids]
    await session.execute(insert(ChangeCouponRow), rows)


async def find_change(session: AsyncSession, change_id: UUID) -> ChangeRow | None:
    statement = select(ChangeRow).where(col(ChangeRow.id) == change_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_coupon_ids(session: AsyncSession, change_id: UUID) -> Sequence[UUID]:
    statement = select(col(ChangeCouponRow.coupon_id)).where(col(ChangeCouponRow.change_id) == change_id)
    return (await session.scalars(statement)).all()


async def supersede(session: AsyncSession, booking_id: UUID) -> None:
    statement = (
        update(ChangeRow)
        .where(col(ChangeRow.booking_id) == booking_id, col(ChangeRow.status) == ChangeStatus.QUOTED)
        .values(status=ChangeStatus.SUPERSEDED)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def confirm(session: AsyncSession, change_id: UUID, now: datetime) -> None:
    statement = (
        update(ChangeRow)
        .where(col(ChangeRow.id) == change_id)
        .values(status=ChangeStatus.CONFIRMED, confirmed_at=now)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def confirm_coupons(session: AsyncSession, change_id: UUID) -> None:
    """The database refuses a coupon that another change has exchanged."""
    statement = (
        update(ChangeCouponRow).where(col(ChangeCouponRow.change_id) == change_id).values(is_confirmed=True)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def set_refunds(session: AsyncSession, change_id: UUID, refund_ids: list[UUID]) -> None:
    statement = update(ChangeRow).where(col(ChangeRow.id) == change_id).values(refund_ids=refund_ids)
    await session.execute(statement, execution_options=_UNSYNCED)
