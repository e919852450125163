"""Schedule changes: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.disruptions.changes.models import ScheduleChangeRow
from app.disruptions.changes.schemas import ChangeStatus

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_change(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(ScheduleChangeRow).values(values))


async def find_change(session: AsyncSession, change_id: UUID) -> ScheduleChangeRow | None:
    statement = select(ScheduleChangeRow).where(col(ScheduleChangeRow.id) == change_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_changes(session: AsyncSession, booking_id: UUID, limit: int) -> Sequence[ScheduleChangeRow]:
    """The newest first."""
    statement = (
        select(ScheduleChangeRow)
        .where(col(ScheduleChangeRow.booking_id) == booking_id)
        .order_by(col(ScheduleChangeRow.id).desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def supersede(session: AsyncSession, booking_id: UUID, slice_number: int | None, now: datetime) -> None:
    """End what is still open of a slice, or of the whole booking where None."""
    statement = (
        update(ScheduleChangeRow)
        .where(
            col(ScheduleChangeRow.booking_id) == booking_id,
            col(ScheduleChangeRow.status) == ChangeStatus.OPEN,
        )
        .values(status=ChangeStatus.SUPERSEDED, decided_at=now, version=ScheduleChangeRow.version + 1)
    )
    if slice_number is not None:
        statement = statement.where(col(ScheduleChangeRow.slice_number) == slice_number)
    await session.execute(statement, execution_options=_UNSYNCED)


async def decide(session: AsyncSession, change_id: UUID, values: dict[str, Any]) -> bool:
    """Write the decision unless there is one already. Whether it was written."""
    statement = (
        update(ScheduleChangeRow)
        .where(col(ScheduleChangeRow.id) == change_id, col(ScheduleChangeRow.status) == ChangeStatus.OPEN)
        .values(values | {"version": ScheduleChangeRow.version + 1})
        .returning(col(ScheduleChangeRow.id))
    )
    return (await session.scalars(statement, execution_options=_UNSYNCED)).one_or_none() is not None
