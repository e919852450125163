"""The statements of API keys, one a function."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_COLUMNS = "id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at, replaced_by"
_INSERT = text("""
    insert into app.api_keys (id, user_id, name, prefix, key_hash, scopes, created_at, expires_at)
    values (:id, :user_id, :name, :prefix, :key_hash, :scopes, now(), :expires_at)
""")
_COUNT = text("""
    select count(*) from app.api_keys
    where user_id = :user_id and revoked_at is null and (expires_at is null or expires_at > now())
""")
_GET = text(f"select {_COLUMNS} from app.api_keys where id = :id and user_id = :user_id")
_LIST = text(f"""
    select {_COLUMNS} from app.api_keys
    where user_id = :user_id and (cast(:place as uuid) is null or id < :place)
    order by id desc
    limit :limit
""")
_LIST_BACKWARDS = text(f"""
    select {_COLUMNS} from app.api_keys where user_id = :user_id and id > :place order by id limit :limit
""")
# A key opens what its owner may; an owner who is locked or erased opens nothing.
_READ = text("""
    select
        api_keys.id,
        api_keys.user_id,
        api_keys.scopes,
        coalesce(api_keys.last_used_at < now() - :granularity, true) as is_use_news,
        array(select role from app.user_roles where user_id = api_keys.user_id) as roles
    from app.api_keys
    join app.users on users.id = api_keys.user_id and users.status = 'active'
    where api_keys.key_hash = :key_hash
        and api_keys.revoked_at is null
        and (api_keys.expires_at is null or api_keys.expires_at > now())
""")
_TOUCH = text("update app.api_keys set last_used_at = now() where id = :id")
_REPLACE = text("""
    update app.api_keys set
        replaced_by = :replaced_by, expires_at = least(coalesce(expires_at, 'infinity'), now() + :overlap)
    where id = :id
        and user_id = :user_id
        and replaced_by is null
        and revoked_at is null
        and (expires_at is null or expires_at > now())
""")
_REVOKE = text("""
    update app.api_keys set revoked_at = now() where id = :id and user_id = :user_id and revoked_at is null
""")
_REVOKE_ALL = text(
    "update app.api_keys set revoked_at = now() where user_id = :user_id and revoked_at is null"
)
_SWEEP = text("""
    delete from app.api_keys where id in (
        select id from app.api_keys
        where least(revoked_at, expires_at) < now() - :kept
            and not exists (select from app.api_keys as older where older.replaced_by = api_keys.id)
        limit :limit
    )
""")


async def insert_key(session: AsyncSession, key: dict[str, Any]) -> None:
    """(id, user_id, name, prefix, key_hash, scopes, expires_at)"""
    await session.execute(_INSERT, key)


async def count_living_keys(session: AsyncSession, user_id: UUID) -> int:
    return int((await session.execute(_COUNT, {"user_id": user_id})).scalar_one())


async def find_key(session: AsyncSession, user_id: UUID, key_id: UUID) -> Row[Any] | None:
    return (await session.execute(_GET, {"id": key_id, "user_id": user_id})).one_or_none()


async def list_keys(
    session: AsyncSession, user_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[Row[Any]]:
    """From beyond a place, the newest first; backwards, the oldest first."""
    parameters = {"user_id": user_id, "place": place, "limit": limit}
    return (await session.execute(_LIST_BACKWARDS if is_backwards else _LIST, parameters)).all()


async def read_key(session: AsyncSession, key_hash: bytes, granularity: timedelta) -> Row[Any] | None:
    """(id, user_id, scopes, roles, is_use_news) of a key that may be used now."""
    parameters = {"key_hash": key_hash, "granularity": granularity}
    return (await session.execute(_READ, parameters)).one_or_none()


async def touch_key(session: AsyncSession, key_id: UUID) -> None:
    await session.execute(_TOUCH, {"id": key_id})


async def replace_key(
    session: AsyncSession, user_id: UUID, key_id: UUID, replaced_by: UUID, overlap: timedelta
) -> bool:
    """Let a key end after the overlap. False when it has ended or was replaced before."""
    parameters = {"id": key_id, "user_id": user_id, "replaced_by": replaced_by, "overlap": overlap}
    return await execute_and_count(session, _REPLACE, parameters) == 1


async def revoke_key(session: AsyncSession, user_id: UUID, key_id: UUID) -> bool:
    return await execute_and_count(session, _REVOKE, {"id": key_id, "user_id": user_id}) == 1


async def revoke_keys(session: AsyncSession, user_id: UUID) -> int:
    return await execute_and_count(session, _REVOKE_ALL, {"user_id": user_id})


async def delete_ended(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP, {"kept": kept, "limit": limit})
