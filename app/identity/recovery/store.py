"""The statements of recovery, one a function."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_INSERT = text("""
    insert into app.mail_tokens (id, purpose, user_id, token_hash, requested_at, expires_at)
    values (:id, :purpose, :user_id, :token_hash, now(), now() + :life)
""")
_COUNT = text("""
    select count(*) from app.mail_tokens
    where user_id = :user_id and purpose = :purpose and requested_at > now() - :span
""")
_FIND = text("""
    select token_hash from app.mail_tokens where id = :id and used_at is null and expires_at > now()
""")
_IS_LIVE = text("""
    select exists (
        select from app.mail_tokens
        where purpose = :purpose and token_hash = :token_hash and used_at is null and expires_at > now()
    )
""")
_USE = text("""
    update app.mail_tokens set used_at = now()
    where purpose = :purpose and token_hash = :token_hash and used_at is null and expires_at > now()
    returning user_id
""")
_VOID = text("""
    update app.mail_tokens set used_at = now()
    where user_id = :user_id and purpose = :purpose and used_at is null
""")
_SWEEP = text("""
    delete from app.mail_tokens where id in (
        select id from app.mail_tokens where expires_at < now() - :kept limit :limit
    )
""")


async def insert_token(session: AsyncSession, token: dict[str, Any]) -> None:
    """(id, purpose, user_id, token_hash, life)"""
    await session.execute(_INSERT, token)


async def count_tokens_of_late(session: AsyncSession, user_id: UUID, purpose: str, span: timedelta) -> int:
    parameters = {"user_id": user_id, "purpose": purpose, "span": span}
    return int((await session.execute(_COUNT, parameters)).scalar_one())


async def find_hash(session: AsyncSession, token_id: UUID) -> bytes | None:
    """None when the token is too old or used."""
    found = await session.scalar(_FIND, {"id": token_id})
    return None if found is None else bytes(found)


async def is_live(session: AsyncSession, purpose: str, token_hash: bytes) -> bool:
    return bool(await session.scalar(_IS_LIVE, {"purpose": purpose, "token_hash": token_hash}))


async def use_token(session: AsyncSession, purpose: str, token_hash: bytes) -> UUID | None:
    """Use a token up, once: whose it was, or None."""
    parameters = {"purpose": purpose, "token_hash": token_hash}
    row: Row[Any] | None = (await session.execute(_USE, parameters)).one_or_none()
    return None if row is None else row.user_id


async def void_tokens(session: AsyncSession, user_id: UUID, purpose: str) -> None:
    await session.execute(_VOID, {"user_id": user_id, "purpose": purpose})


async def delete_expired(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP, {"kept": kept, "limit": limit})
