"""Disruptions: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.disruptions.operations.models import DisruptionRow

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_disruption(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(DisruptionRow).values(values))


async def find_disruption(session: AsyncSession, disruption_id: UUID) -> DisruptionRow | None:
    statement = select(DisruptionRow).where(col(DisruptionRow.id) == disruption_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_disruptions(session: AsyncSession, flight_id: UUID, limit: int) -> Sequence[DisruptionRow]:
    """The newest first."""
    statement = (
        select(DisruptionRow)
        .where(col(DisruptionRow.flight_id) == flight_id)
        .order_by(col(DisruptionRow.id).desc())
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def find_unfinished_for_update(session: AsyncSession, skip: Sequence[UUID]) -> DisruptionRow | None:
    """The oldest whose bookings have not all been looked at and that nobody is busy with. Locks it."""
    statement = (
        select(DisruptionRow)
        .where(col(DisruptionRow.done_at).is_(None), col(DisruptionRow.id).not_in(skip))
        .order_by(col(DisruptionRow.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_unsettled_swaps(session: AsyncSession, since: datetime, limit: int) -> Sequence[DisruptionRow]:
    """Swaps to an aircraft whose cabins were still authorised for more than it holds, by id."""
    details = col(DisruptionRow.details)
    statement = (
        select(DisruptionRow)
        .where(
            col(DisruptionRow.kind) == "swapped",
            col(DisruptionRow.created_at) > since,
            details["is_settled"].as_boolean().is_not(True),
        )
        .order_by(col(DisruptionRow.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def update_disruption(session: AsyncSession, disruption_id: UUID, values: dict[str, Any]) -> None:
    statement = update(DisruptionRow).where(col(DisruptionRow.id) == disruption_id).values(values)
    await session.execute(statement, execution_options=_UNSYNCED)


async def finish(session: AsyncSession, disruption_id: UUID, now: datetime) -> None:
    await update_disruption(session, disruption_id, {"done_at": now})
