"""The rows of groups: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.groups.models import GroupBookingRow, GroupRow
from app.bookings.groups.schemas import GroupStatus

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}

# Bookings of blocks that wait for something to be done: unnamed at the time names are due, or over with a
# deposit of theirs not yet written down as kept.
_LIST_DUE = text("""
    select part.booking_id
    from app.group_bookings as part
    join app.groups as block on block.id = part.group_id
    join app.bookings as booking on booking.id = part.booking_id
    where part.settled_at is null
        and (
            booking.status in ('expired', 'cancelled', 'ticketed')
            or (booking.status = 'held' and block.names_due_at <= :now)
        )
    order by part.booking_id
    limit :limit
""")
_CLOSE = text("""
    update app.groups as block
    set status = 'closed', ended_at = :now, updated_at = now()
    where block.status = 'confirmed'
        and not exists (
            select from app.group_bookings as part
            join app.bookings as booking on booking.id = part.booking_id
            where part.group_id = block.id and booking.status = 'held'
        )
    returning block.id
""")
_LAPSE = text("""
    update app.groups
    set status = 'lapsed', ended_at = quote_expires_at, updated_at = now()
    where status = 'quoted' and quote_expires_at <= :now
    returning id
""")


async def insert_group(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(GroupRow), [values])


async def insert_parts(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(GroupBookingRow), rows)


async def find_group(session: AsyncSession, group_id: UUID) -> GroupRow | None:
    statement = select(GroupRow).where(col(GroupRow.id) == group_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_group_for_update(session: AsyncSession, group_id: UUID) -> GroupRow | None:
    """Locks the group, before any booking of it."""
    statement = select(GroupRow).where(col(GroupRow.id) == group_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def list_groups(
    session: AsyncSession,
    user_id: UUID | None,
    status: GroupStatus | None,
    place: UUID | None,
    limit: int,
    *,
    is_backwards: bool,
) -> Sequence[GroupRow]:
    """The newest first, beyond a place; of one user, or of all where None."""
    key, statement = col(GroupRow.id), select(GroupRow)
    if user_id is not None:
        statement = statement.where(col(GroupRow.user_id) == user_id)
    if status is not None:
        statement = statement.where(col(GroupRow.status) == status)
    if place is not None:
        statement = statement.where(key > place if is_backwards else key < place)
    return (await session.scalars(statement.order_by(key if is_backwards else key.desc()).limit(limit))).all()


async def update_group(session: AsyncSession, group_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(GroupRow).where(col(GroupRow.id) == group_id).values(values | {"updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def find_parts(session: AsyncSession, group_id: UUID) -> Sequence[GroupBookingRow]:
    statement = select(GroupBookingRow).where(col(GroupBookingRow.group_id) == group_id)
    statement = statement.order_by(col(GroupBookingRow.booking_id))
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_part(session: AsyncSession, booking_id: UUID) -> GroupBookingRow | None:
    statement = select(GroupBookingRow).where(col(GroupBookingRow.booking_id) == booking_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def update_part(session: AsyncSession, booking_id: UUID, values: dict[str, Any]) -> None:
    statement = update(GroupBookingRow).where(col(GroupBookingRow.booking_id) == booking_id).values(values)
    await session.execute(statement, execution_options=_UNSYNCED)


async def list_due(session: AsyncSession, now: datetime, limit: int) -> list[UUID]:
    return list((await session.scalars(_LIST_DUE, {"now": now, "limit": limit})).all())


async def end_groups(session: AsyncSession, now: datetime) -> int:
    """Lapse quotes that nobody accepted, and close blocks of which nothing is held any more."""
    lapsed = (await session.execute(_LAPSE, {"now": now})).all()
    closed = (await session.execute(_CLOSE, {"now": now})).all()
    return len(lapsed) + len(closed)
