"""Reading the events of one customer's bookings."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

# Ids are in the order of writing, commits are not: what is younger than `settled` may still get an elder.
_LIST = """
    select id, type, booking_id, payload, occurred_at, request_id
    from app.domain_events
    where booking_id in (select id from app.bookings where user_id = :user_id)
        and id >= app.uuid_floor(now() - cast(:kept as interval))
        and id < app.uuid_floor(now() - cast(:settled as interval))
        and (cast(:types as text[]) is null or type = any(:types))
        and (cast(:place as uuid) is null or id {beyond} :place)
    order by id {order}
    limit :limit
"""
_LIST_OLDEST_FIRST = text(_LIST.format(beyond=">", order="asc"))
_LIST_NEWEST_FIRST = text(_LIST.format(beyond="<", order="desc"))
_NEWEST_SETTLED = text("select app.uuid_floor(now() - cast(:settled as interval))")


async def list_events(
    session: AsyncSession,
    user_id: UUID,
    place: UUID | None,
    types: Sequence[str] | None,
    *,
    kept: timedelta,
    settled: timedelta,
    limit: int,
    is_backwards: bool = False,
) -> Sequence[Row[Any]]:
    """Events older than `settled` but not than `kept`, the oldest first; backwards, the newest."""
    statement = _LIST_NEWEST_FIRST if is_backwards else _LIST_OLDEST_FIRST
    parameters = {
        "user_id": user_id,
        "place": place,
        "types": None if types is None else list(types),
        "kept": kept,
        "settled": settled,
        "limit": limit,
    }
    return (await session.execute(statement, parameters)).all()


async def newest_settled(session: AsyncSession, settled: timedelta) -> UUID:
    """A place that lies behind every event that is settled by now."""
    place: UUID = (await session.execute(_NEWEST_SETTLED, {"settled": settled})).scalar_one()
    return place
