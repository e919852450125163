"""The statements of second factors, one a function."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

_INSERT = text("""
    insert into vault.second_factors (user_id, sealed_seed) values (:user_id, :sealed_seed)
    on conflict (user_id) do update set
        sealed_seed = excluded.sealed_seed, last_counter = 0, failed_attempts = 0, locked_until = null
    where vault.second_factors.confirmed_at is null
""")
_FIND = text("""
    select sealed_seed, last_counter, confirmed_at, coalesce(locked_until > now(), false) as is_locked
    from vault.second_factors where user_id = :user_id
    for update
""")
_STATUS = text("""
    select
        exists (
            select from vault.second_factors where user_id = :user_id and confirmed_at is not null
        ) as is_enabled,
        (
            select count(*) from vault.recovery_codes where user_id = :user_id and used_at is null
        ) as recovery_codes_left
""")
_ACCEPT = text("""
    update vault.second_factors set
        last_counter = greatest(last_counter, :counter),
        failed_attempts = 0,
        locked_until = null,
        confirmed_at = coalesce(confirmed_at, now())
    where user_id = :user_id
""")
_NOTE_FAILURE = text("""
    update vault.second_factors set failed_attempts = failed_attempts + 1
    where user_id = :user_id
    returning failed_attempts
""")
_LOCK = text("update vault.second_factors set locked_until = now() + :lock where user_id = :user_id")
_DELETE = text("delete from vault.second_factors where user_id = :user_id")
_INSERT_CODES = text("insert into vault.recovery_codes (user_id, code_hash) values (:user_id, :code_hash)")
_USE_CODE = text("""
    update vault.recovery_codes set used_at = now()
    where user_id = :user_id and code_hash = :code_hash and used_at is null
""")


async def claim_factor(session: AsyncSession, user_id: UUID, sealed_seed: bytes) -> bool:
    """Begin an enrolment, or begin it anew; False when the account has a confirmed factor."""
    parameters = {"user_id": user_id, "sealed_seed": sealed_seed}
    return await execute_and_count(session, _INSERT, parameters) == 1


async def find_factor_for_update(session: AsyncSession, user_id: UUID) -> Row[Any] | None:
    """Locks it, so that codes come one by one: (sealed_seed, last_counter, confirmed_at, is_locked)"""
    return (await session.execute(_FIND, {"user_id": user_id})).one_or_none()


async def factor_status(session: AsyncSession, user_id: UUID) -> Row[Any]:
    """(is_enabled, recovery_codes_left)"""
    return (await session.execute(_STATUS, {"user_id": user_id})).one()


async def accept_code(session: AsyncSession, user_id: UUID, counter: int) -> None:
    await session.execute(_ACCEPT, {"user_id": user_id, "counter": counter})


async def note_failure(session: AsyncSession, user_id: UUID) -> int:
    return int((await session.execute(_NOTE_FAILURE, {"user_id": user_id})).scalar_one())


async def lock_factor(session: AsyncSession, user_id: UUID, lock: timedelta) -> None:
    await session.execute(_LOCK, {"user_id": user_id, "lock": lock})


async def delete_factor(session: AsyncSession, user_id: UUID) -> None:
    """Its recovery codes go with it."""
    await session.execute(_DELETE, {"user_id": user_id})


async def insert_recovery_codes(session: AsyncSession, user_id: UUID, hashes: list[bytes]) -> None:
    await session.execute(_INSERT_CODES, [{"user_id": user_id, "code_hash": each} for each in hashes])


async def use_recovery_code(session: AsyncSession, user_id: UUID, code_hash: bytes) -> bool:
    return await execute_and_count(session, _USE_CODE, {"user_id": user_id, "code_hash": code_hash}) == 1
