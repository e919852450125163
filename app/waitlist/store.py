"""The waitlist's rows: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.db import violated_constraint
from app.waitlist.errors import AlreadyWaiting
from app.waitlist.models import WaitlistEntryRow
from app.waitlist.schemas import EndReason, Queue, WaitlistStatus

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}
_LIVE = (WaitlistStatus.WAITING, WaitlistStatus.OFFERED)

_LIST_QUEUES = text("""
    select distinct flight_id, cabin
    from app.waitlist_entries
    where status = 'waiting' and (flight_id, cabin) > (:after_flight, :after_cabin)
    order by flight_id, cabin
    limit :limit
""")
_COUNT_AHEAD = text("""
    select count(*)
    from app.waitlist_entries
    where flight_id = :flight_id
        and cabin = :cabin
        and status = 'waiting'
        and (priority > :priority or (priority = :priority and id < :id))
""")


async def insert_entry(session: AsyncSession, values: dict[str, Any]) -> None:
    """Raises AlreadyWaiting."""
    try:
        await session.execute(insert(WaitlistEntryRow), [values])
    except IntegrityError as error:
        if violated_constraint(error) != "waitlist_entries_one_live":
            raise
        raise AlreadyWaiting() from error


async def find_entry(session: AsyncSession, entry_id: UUID) -> WaitlistEntryRow | None:
    statement = select(WaitlistEntryRow).where(col(WaitlistEntryRow.id) == entry_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_entry_for_update(
    session: AsyncSession, entry_id: UUID, *, skip_locked: bool = False
) -> WaitlistEntryRow | None:
    """Locks the entry; with `skip_locked` None when another transaction is at it."""
    statement = select(WaitlistEntryRow).where(col(WaitlistEntryRow.id) == entry_id)
    statement = statement.with_for_update(skip_locked=skip_locked)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_entries(
    session: AsyncSession, user_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[WaitlistEntryRow]:
    """The user's, the newest first, beyond a place; backwards from it, the nearest to it first."""
    key = col(WaitlistEntryRow.id)
    statement = select(WaitlistEntryRow).where(col(WaitlistEntryRow.user_id) == user_id)
    if place is not None:
        statement = statement.where(key > place if is_backwards else key < place)
    return (await session.scalars(statement.order_by(key if is_backwards else key.desc()).limit(limit))).all()


async def list_of_flight(session: AsyncSession, flight_id: UUID, limit: int) -> Sequence[WaitlistEntryRow]:
    """Who waits for a flight or has been offered seats, in the order they are served."""
    statement = (
        select(WaitlistEntryRow)
        .where(col(WaitlistEntryRow.flight_id) == flight_id, col(WaitlistEntryRow.status).in_(_LIVE))
        .order_by(
            col(WaitlistEntryRow.cabin), col(WaitlistEntryRow.priority).desc(), col(WaitlistEntryRow.id)
        )
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def count_ahead(session: AsyncSession, entry: WaitlistEntryRow) -> int:
    parameters = {
        "flight_id": entry.flight_id,
        "cabin": entry.cabin,
        "priority": entry.priority,
        "id": entry.id,
    }
    return int(await session.scalar(_COUNT_AHEAD, parameters) or 0)


async def list_queues(session: AsyncSession, after: Queue, limit: int) -> list[Queue]:
    """The cabins somebody waits for, beyond one of them."""
    parameters = {"after_flight": after.flight_id, "after_cabin": after.cabin, "limit": limit}
    return [Queue(row.flight_id, row.cabin) for row in await session.execute(_LIST_QUEUES, parameters)]


async def list_waiting(session: AsyncSession, queue: Queue, limit: int) -> Sequence[WaitlistEntryRow]:
    """In the order they are served."""
    statement = (
        select(WaitlistEntryRow)
        .where(
            col(WaitlistEntryRow.flight_id) == queue.flight_id,
            col(WaitlistEntryRow.cabin) == queue.cabin,
            col(WaitlistEntryRow.status) == WaitlistStatus.WAITING,
        )
        .order_by(col(WaitlistEntryRow.priority).desc(), col(WaitlistEntryRow.id))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_offered(session: AsyncSession, limit: int) -> Sequence[WaitlistEntryRow]:
    statement = (
        select(WaitlistEntryRow)
        .where(col(WaitlistEntryRow.status) == WaitlistStatus.OFFERED)
        .order_by(col(WaitlistEntryRow.offer_expires_at))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def update_entry(session: AsyncSession, entry_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(WaitlistEntryRow)
        .where(col(WaitlistEntryRow.id) == entry_id)
        .values(values | {"updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def lapse_queues(
    session: AsyncSession, queues: Sequence[Queue], reason: EndReason, now: datetime, limit: int
) -> Sequence[WaitlistEntryRow]:
    """End who still waits for these cabins, leaving out those another transaction is at; who it was."""
    waiting = (
        select(col(WaitlistEntryRow.id))
        .where(
            tuple_(col(WaitlistEntryRow.flight_id), col(WaitlistEntryRow.cabin)).in_(
                [(queue.flight_id, queue.cabin) for queue in queues]
            ),
            col(WaitlistEntryRow.status) == WaitlistStatus.WAITING,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("waiting")
        .prefix_with("materialized", dialect="postgresql")
    )
    statement = (
        update(WaitlistEntryRow)
        .where(col(WaitlistEntryRow.id).in_(select(waiting.c.id)))
        .values(status=WaitlistStatus.LAPSED, ended_at=now, end_reason=reason, updated_at=func.now())
        .returning(WaitlistEntryRow)
    )
    return (await session.scalars(statement, execution_options=_FRESH | _UNSYNCED)).all()
