"""The statements of settings and flags, one a function."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_SELECT = """
    select kind, key, version, environment, value, effective_from, reason, made_by, made_at
    from app.setting_versions
"""
_LIST = text(f"{_SELECT} order by kind, key, version")
_LIST_ONE = text(f"{_SELECT} where kind = :kind and key = :key order by version")


async def list_versions(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST)).all()


async def list_versions_of(session: AsyncSession, kind: str, key: str) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_ONE, {"kind": kind, "key": key})).all()
