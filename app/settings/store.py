"""The statements of settings and flags, one a function."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

from app.core.db import violated_constraint
from app.core.etags import PreconditionFailed

_SELECT = """
    select kind, key, version, environment, value, effective_from, reason, made_by, made_at
    from app.setting_versions
"""
_LIST = text(f"{_SELECT} order by kind, key, version")
_LIST_ONE = text(f"{_SELECT} where kind = :kind and key = :key order by version")
_INSERT = text("""
    insert into app.setting_versions
        (kind, key, version, environment, value, effective_from, reason, made_by)
    values (:kind, :key, :version, :environment, :value, :effective_from, :reason, :made_by)
""").bindparams(bindparam("value", type_=JSONB(none_as_null=True)))


async def list_versions(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST)).all()


async def list_versions_of(session: AsyncSession, kind: str, key: str) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_ONE, {"kind": kind, "key": key})).all()


async def insert_version(session: AsyncSession, version: dict[str, Any]) -> None:
    """Raises PreconditionFailed when somebody else has made a version of this number meanwhile."""
    try:
        await session.execute(_INSERT, version)
    except IntegrityError as error:
        if violated_constraint(error) == "setting_versions_pkey":
            raise PreconditionFailed() from None
        raise
