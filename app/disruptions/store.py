"""The test clock's statements, one a function."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_SET = text("""
    insert into app.test_clock as clock (id, now_at, paused)
    values (1, :now_at, true)
    on conflict (id) do update set now_at = excluded.now_at, paused = true, updated_at = now()
        where clock.now_at <= excluded.now_at
    returning now_at
""")
_FIND = text("select now_at, paused from app.test_clock where id = 1")
_DELETE = text("delete from app.test_clock where id = 1")


async def move_forward(session: AsyncSession, to: datetime) -> bool:
    """Set the clock unless that would turn it back. Returns whether it was set."""
    return await session.scalar(_SET, {"now_at": to}) is not None


async def find_clock(session: AsyncSession) -> Row[Any] | None:
    """(now_at, paused)"""
    return (await session.execute(_FIND)).one_or_none()


async def delete_clock(session: AsyncSession) -> None:
    await session.execute(_DELETE)
