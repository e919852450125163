"""The statements that forget a user, one a function."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import execute_and_count

# The row stays, because bookings and events name its id. Nothing else of the person does.
_ERASE_USER = text("""
    update app.users set
        status = 'erased', email_hash = 'erased', prior_hashes = null, marketing_consent = false,
        updated_at = now()
    where id = :user_id and status <> 'erased'
""")
_DELETES = tuple(
    text(statement)
    for statement in (
        "delete from vault.logins where user_id = :user_id",
        "delete from vault.second_factors where user_id = :user_id",
        "delete from vault.session_origins where user_id = :user_id",
        "delete from app.mail_tokens where user_id = :user_id",
        "delete from app.user_roles where user_id = :user_id",
    )
)
# Names of keys are the owner's words; the rows stay while requests made with them are counted.
_CLOSE_KEYS = text("""
    update app.api_keys set name = 'erased', revoked_at = coalesce(revoked_at, now())
    where user_id = :user_id
""")
_SESSION_BEGAN = text("""
    select greatest(created_at, second_factor_at) from app.sessions
    where id = :id and user_id = :user_id and ended_at is null
""")
_SWEEP_ORIGINS = text("""
    delete from vault.session_origins where session_id in (
        select session_origins.session_id from vault.session_origins
        join app.sessions on sessions.id = session_origins.session_id
        where sessions.ended_at < now() - :kept or sessions.last_used_at < now() - :idle
        limit :limit
    )
""")
_SWEEP_SESSIONS = text("""
    delete from app.sessions where id in (
        select id from app.sessions
        where ended_at < now() - :kept
            and not exists (select from app.refresh_tokens where refresh_tokens.session_id = sessions.id)
        limit :limit
    )
""")


async def erase_user(session: AsyncSession, user_id: UUID) -> bool:
    """False when there was nobody left to erase."""
    return await execute_and_count(session, _ERASE_USER, {"user_id": user_id}) == 1


async def delete_belongings(session: AsyncSession, user_id: UUID) -> None:
    """Log-in, second factor, where sessions came from, letters under way, roles. One statement a table."""
    for statement in _DELETES:
        await session.execute(statement, {"user_id": user_id})


async def close_keys(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(_CLOSE_KEYS, {"user_id": user_id})


async def session_proved_at(session: AsyncSession, user_id: UUID, session_id: UUID) -> datetime | None:
    """When the person last proved to be it in this session: by log-in or by second factor."""
    moment: datetime | None = await session.scalar(_SESSION_BEGAN, {"id": session_id, "user_id": user_id})
    return moment


async def sweep_origins(session: AsyncSession, kept: timedelta, idle: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP_ORIGINS, {"kept": kept, "idle": idle, "limit": limit})


async def sweep_sessions(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP_SESSIONS, {"kept": kept, "limit": limit})
