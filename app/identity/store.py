"""Identity's statements, one a function."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import bindparam

from app.core.db import execute_and_count, violated_constraint
from app.identity.errors import EmailTaken

_INSERT_USER = text("""
    insert into app.users (id, email_hash, prior_hashes, marketing_consent, simulated, created_at)
    values (:id, :email_hash, :prior_hashes, :marketing_consent, :simulated, :created_at)
""").bindparams(bindparam("prior_hashes", type_=JSONB(none_as_null=True)))
_INSERT_ROLE = text("insert into app.user_roles (user_id, role) values (:user_id, :role)")
_INSERT_LOGIN = text("""
    insert into vault.logins (user_id, email_lookup, password_hash)
    values (:user_id, :email_lookup, :password_hash)
""")
_FIND_LOGIN = text("""
    select user_id, password_hash, coalesce(locked_until > now(), false) as is_locked
    from vault.logins
    where email_lookup = any(:lookups)
""")
_NOTE_FAILURE = text("""
    update vault.logins set
        failed_attempts = failed_attempts + 1,
        locked_until = case when failed_attempts + 1 >= :attempts then now() + :lock end
    where user_id = :user_id
""")
_FORGET_FAILURES = text("""
    update vault.logins set failed_attempts = 0, locked_until = null
    where user_id = :user_id and failed_attempts > 0
""")
_FIND_USER = text("""
    select
        users.id,
        users.marketing_consent,
        users.created_at,
        array(select role from app.user_roles where user_id = users.id order by role) as roles
    from app.users
    where users.id = :id and users.status = 'active'
""")
_INSERT_SESSION = text("""
    insert into app.sessions (id, user_id, created_at, last_used_at) values (:id, :user_id, now(), now())
""")
_INSERT_TOKEN = text("""
    insert into app.refresh_tokens (token_hash, session_id, issued_at, expires_at)
    values (:token_hash, :session_id, now(), now() + :life)
    returning expires_at
""")
_USE_TOKEN = text("""
    update app.refresh_tokens set used_at = now()
    from app.sessions
    where refresh_tokens.token_hash = :token_hash
        and refresh_tokens.used_at is null
        and refresh_tokens.expires_at > now()
        and sessions.id = refresh_tokens.session_id
        and sessions.ended_at is null
    returning sessions.id as session_id, sessions.user_id
""")
_TOUCH_SESSION = text("update app.sessions set last_used_at = now() where id = :id")
_FIND_USED_TOKEN = text("""
    select session_id from app.refresh_tokens where token_hash = :token_hash and used_at is not null
""")
_FIND_SESSION_OF_TOKEN = text("select session_id from app.refresh_tokens where token_hash = :token_hash")
_END_SESSION = text("""
    update app.sessions set ended_at = now(), end_reason = :reason where id = :id and ended_at is null
""")
_SWEEP_TOKENS = text("""
    delete from app.refresh_tokens where token_hash in (
        select token_hash from app.refresh_tokens where expires_at < now() - :kept limit :limit
    )
""")


async def insert_user(session: AsyncSession, user: dict[str, Any]) -> None:
    await session.execute(_INSERT_USER, user)


async def insert_role(session: AsyncSession, user_id: UUID, role: str) -> None:
    await session.execute(_INSERT_ROLE, {"user_id": user_id, "role": role})


async def insert_login(session: AsyncSession, user_id: UUID, email_lookup: bytes, password_hash: str) -> None:
    """Raises EmailTaken."""
    login = {"user_id": user_id, "email_lookup": email_lookup, "password_hash": password_hash}
    try:
        await session.execute(_INSERT_LOGIN, login)
    except IntegrityError as error:
        if violated_constraint(error) == "logins_email_lookup_key":
            raise EmailTaken(pointer="/email") from None
        raise


async def find_login(session: AsyncSession, lookups: list[bytes]) -> Row[Any] | None:
    """(user_id, password_hash, is_locked)"""
    return (await session.execute(_FIND_LOGIN, {"lookups": lookups})).one_or_none()


async def note_failure(session: AsyncSession, user_id: UUID, attempts: int, lock: timedelta) -> None:
    await session.execute(_NOTE_FAILURE, {"user_id": user_id, "attempts": attempts, "lock": lock})


async def forget_failures(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(_FORGET_FAILURES, {"user_id": user_id})


async def find_active_user(session: AsyncSession, user_id: UUID) -> Row[Any] | None:
    """(id, marketing_consent, created_at, roles)"""
    return (await session.execute(_FIND_USER, {"id": user_id})).one_or_none()


async def insert_session(session: AsyncSession, session_id: UUID, user_id: UUID) -> None:
    await session.execute(_INSERT_SESSION, {"id": session_id, "user_id": user_id})


async def insert_token(
    session: AsyncSession, token_hash: bytes, session_id: UUID, life: timedelta
) -> datetime:
    """Returns when the token ends."""
    token = {"token_hash": token_hash, "session_id": session_id, "life": life}
    expires_at: datetime = (await session.execute(_INSERT_TOKEN, token)).scalar_one()
    return expires_at


async def use_token(session: AsyncSession, token_hash: bytes) -> Row[Any] | None:
    """Mark a token used, once. (session_id, user_id), or None when it is not there to be used."""
    return (await session.execute(_USE_TOKEN, {"token_hash": token_hash})).one_or_none()


async def touch_session(session: AsyncSession, session_id: UUID) -> None:
    await session.execute(_TOUCH_SESSION, {"id": session_id})


async def find_session_of_used_token(session: AsyncSession, token_hash: bytes) -> UUID | None:
    found: UUID | None = await session.scalar(_FIND_USED_TOKEN, {"token_hash": token_hash})
    return found


async def find_session_of_token(session: AsyncSession, token_hash: bytes) -> UUID | None:
    found: UUID | None = await session.scalar(_FIND_SESSION_OF_TOKEN, {"token_hash": token_hash})
    return found


async def end_session(session: AsyncSession, session_id: UUID, reason: str) -> None:
    await session.execute(_END_SESSION, {"id": session_id, "reason": reason})


async def delete_tokens_expired_before(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP_TOKENS, {"kept": kept, "limit": limit})
