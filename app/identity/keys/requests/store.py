"""Statements of the log, one a function."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.db import execute_and_count
from app.identity.keys.requests.models import ApiRequestRow

_SWEEP = text("""
    delete from app.api_requests where id in (
        select id from app.api_requests where asked_at < now() - cast(:kept as interval) limit :limit
    )
""")


async def insert_requests(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    await session.execute(insert(ApiRequestRow), rows)


async def list_requests(
    session: AsyncSession, api_key_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[ApiRequestRow]:
    """A key's requests from beyond a place, the newest first; backwards, the oldest first."""
    key = col(ApiRequestRow.id)
    statement = select(ApiRequestRow).where(col(ApiRequestRow.api_key_id) == api_key_id)
    if place is not None:
        statement = statement.where(key > place if is_backwards else key < place)
    order = key.asc() if is_backwards else key.desc()
    return (await session.scalars(statement.order_by(order).limit(limit))).all()


async def sweep(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP, {"kept": kept, "limit": limit})
