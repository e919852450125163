"""The statements of guests, one a function."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

# Counted before it is known whether the guess is right: guesses side by side wait for one another here.
_COUNT = text("""
    insert into app.guest_attempts as attempts (key_hash, failures, window_ends_at)
    values (:key_hash, 1, now() + :window)
    on conflict (key_hash) do update set
        failures = case when attempts.window_ends_at <= now() then 1 else attempts.failures + 1 end,
        window_ends_at = case
            when attempts.window_ends_at <= now() then excluded.window_ends_at else attempts.window_ends_at
        end
    returning failures, ceil(extract(epoch from window_ends_at - now()))::integer as seconds_left
""")
_FORGIVE = text("""
    update app.guest_attempts set failures = failures - 1 where key_hash = :key_hash and failures > 0
""")
_FIND = text("select booking_id from app.pnrs where pnr = :pnr")
_SWEEP = text("""
    delete from app.guest_attempts where key_hash in (
        select key_hash from app.guest_attempts where window_ends_at < now() - :kept limit :limit
    )
""")


async def count_guess(session: AsyncSession, key_hash: bytes, window: timedelta) -> Row[Any]:
    """Count one guess, and lock its row: (failures, seconds_left) of the window."""
    return (await session.execute(_COUNT, {"key_hash": key_hash, "window": window})).one()


async def forgive_guess(session: AsyncSession, key_hash: bytes) -> None:
    """It was right after all."""
    await session.execute(_FORGIVE, {"key_hash": key_hash})


async def find_booking_id(session: AsyncSession, pnr: str) -> UUID | None:
    found: UUID | None = await session.scalar(_FIND, {"pnr": pnr})
    return found


async def delete_old(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP, {"kept": kept, "limit": limit})
