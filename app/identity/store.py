"""Identity's statements, one a function."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    select
        user_id,
        password_hash,
        coalesce(locked_until > now(), false) as is_locked,
        exists (
            select from vault.second_factors
            where second_factors.user_id = logins.user_id and second_factors.confirmed_at is not null
        ) as has_second_factor
    from vault.logins
    where email_lookup = any(:lookups)
""")
_FIND_LOGIN_OF = text("""
    select password_hash, coalesce(locked_until > now(), false) as is_locked
    from vault.logins where user_id = :user_id
""")
_REPLACE_PASSWORD = text("""
    update vault.logins set password_hash = :new, failed_attempts = 0
    where user_id = :user_id and password_hash = :old
""")
# The count is read and written in one statement, so that guesses side by side are all counted.
_NOTE_FAILURE = text("""
    update vault.logins set failed_attempts = failed_attempts + 1
    where user_id = :user_id
    returning failed_attempts
""")
_LOCK_LOGIN = text("update vault.logins set locked_until = now() + :lock where user_id = :user_id")
_FORGET_FAILURES = text("""
    update vault.logins set failed_attempts = 0, locked_until = null
    where user_id = :user_id and failed_attempts > 0
""")
_FIND_USER = text("""
    select
        users.id,
        users.marketing_consent,
        users.created_at,
        logins.email_verified_at is not null as is_email_verified,
        array(select role from app.user_roles where user_id = users.id order by role) as roles
    from app.users
    left join vault.logins on logins.user_id = users.id
    where users.id = :id and users.status = 'active'
""")
_LIST_LOOKUPS = text("""
    select user_id, email_lookup from vault.logins
    where cast(:after as uuid) is null or user_id > :after
    order by user_id
    limit :limit
""")
_SET_LOOKUP = text("""
    update vault.logins set email_lookup = :email_lookup where user_id = :user_id and email_lookup = :old
""")
_LOCK_USER = text("select from app.users where id = :id for update")
_UPDATE_USER = text("""
    update app.users set marketing_consent = :marketing_consent, updated_at = now() where id = :id
""")
_INSERT_CONSENT = text("""
    insert into app.consents (id, user_id, purpose, is_given, decided_at, request_id)
    values (:id, :user_id, :purpose, :is_given, :decided_at, :request_id)
""")
_LIST_CONSENTS = text("""
    select purpose, is_given, decided_at from app.consents where user_id = :user_id order by id limit :limit
""")
_SET_PASSWORD = text("""
    update vault.logins set
        password_hash = :password_hash,
        failed_attempts = 0,
        locked_until = null,
        email_verified_at = coalesce(email_verified_at, now())
    where user_id = :user_id
""")
_SET_LOGIN_EMAIL = text("""
    update vault.logins set email_lookup = :email_lookup, email_verified_at = now() where user_id = :user_id
""")
_SET_EMAIL_HASH = text("""
    update app.users set email_hash = :email_hash, prior_hashes = :prior_hashes, updated_at = now()
    where id = :user_id
""").bindparams(bindparam("prior_hashes", type_=JSONB(none_as_null=True)))
_VERIFY_EMAIL = text("""
    update vault.logins set email_verified_at = now() where user_id = :user_id and email_verified_at is null
""")
_LIST_ROLE_HOLDERS = text("""
    select
        role,
        count(*) as holders,
        (array_agg(user_id order by user_id) filter (where role <> :unnamed))[
            1:cast(:limit as integer)
        ] as users
    from app.user_roles
    join app.users on users.id = user_roles.user_id and users.status = 'active'
    group by role
    order by role
""")
_INSERT_SESSION = text("""
    insert into app.sessions (id, user_id, created_at, last_used_at, second_factor_at)
    values (:id, :user_id, now(), now(), :second_factor_at)
""")
_INSERT_ORIGIN = text("""
    insert into vault.session_origins (session_id, user_id, sealed) values (:session_id, :user_id, :sealed)
""")
_LIST_SESSIONS = text("""
    select
        sessions.id,
        sessions.created_at,
        sessions.last_used_at,
        sessions.second_factor_at,
        session_origins.sealed as origin
    from app.sessions
    left join vault.session_origins on session_origins.session_id = sessions.id
    where sessions.user_id = :user_id
        and sessions.ended_at is null
        and exists (
            select from app.refresh_tokens
            where refresh_tokens.session_id = sessions.id
                and refresh_tokens.used_at is null
                and refresh_tokens.expires_at > now()
        )
    order by sessions.last_used_at desc
    limit :limit
""")
_END_OWN_SESSION = text("""
    update app.sessions set ended_at = now(), end_reason = :reason
    where id = :id and user_id = :user_id and ended_at is null
""")
_END_SESSIONS = text("""
    update app.sessions set ended_at = now(), end_reason = :reason
    where user_id = :user_id and ended_at is null and id is distinct from :kept
""")
_STEP_UP = text("""
    update app.sessions set second_factor_at = :given_at
    where id = :id and user_id = :user_id and ended_at is null
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
    returning sessions.id as session_id, sessions.user_id, sessions.second_factor_at
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
    with _unless_taken():
        await session.execute(_INSERT_LOGIN, login)


@contextmanager
def _unless_taken() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if violated_constraint(error) == "logins_email_lookup_key":
            raise EmailTaken(pointer="/email") from None
        raise


async def find_login(session: AsyncSession, lookups: list[bytes]) -> Row[Any] | None:
    """(user_id, password_hash, is_locked, has_second_factor)"""
    return (await session.execute(_FIND_LOGIN, {"lookups": lookups})).one_or_none()


async def find_login_of(session: AsyncSession, user_id: UUID) -> Row[Any] | None:
    """(password_hash, is_locked)"""
    return (await session.execute(_FIND_LOGIN_OF, {"user_id": user_id})).one_or_none()


async def replace_password(session: AsyncSession, user_id: UUID, old: str, new: str) -> bool:
    """False when another change came first."""
    parameters = {"user_id": user_id, "old": old, "new": new}
    return await execute_and_count(session, _REPLACE_PASSWORD, parameters) == 1


async def note_failure(session: AsyncSession, user_id: UUID) -> int:
    """Count one more. Locks the log-in's row, and returns how many there were in a row."""
    return int((await session.execute(_NOTE_FAILURE, {"user_id": user_id})).scalar_one_or_none() or 0)


async def lock_login(session: AsyncSession, user_id: UUID, lock: timedelta) -> None:
    await session.execute(_LOCK_LOGIN, {"user_id": user_id, "lock": lock})


async def forget_failures(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(_FORGET_FAILURES, {"user_id": user_id})


async def find_active_user(session: AsyncSession, user_id: UUID) -> Row[Any] | None:
    """(id, marketing_consent, created_at, is_email_verified, roles)"""
    return (await session.execute(_FIND_USER, {"id": user_id})).one_or_none()


async def list_lookups(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """(user_id, email_lookup), by user, from beyond one."""
    return (await session.execute(_LIST_LOOKUPS, {"after": after, "limit": limit})).all()


async def set_lookup(session: AsyncSession, user_id: UUID, old: bytes, email_lookup: bytes) -> None:
    await session.execute(_SET_LOOKUP, {"user_id": user_id, "old": old, "email_lookup": email_lookup})


async def lock_user_for_update(session: AsyncSession, user_id: UUID) -> None:
    """One change of a user at a time."""
    await session.execute(_LOCK_USER, {"id": user_id})


async def set_marketing_consent(session: AsyncSession, user_id: UUID, is_given: bool) -> None:
    await session.execute(_UPDATE_USER, {"id": user_id, "marketing_consent": is_given})


async def insert_consent(session: AsyncSession, consent: dict[str, Any]) -> None:
    await session.execute(_INSERT_CONSENT, consent)


async def list_consents(session: AsyncSession, user_id: UUID, limit: int) -> Sequence[Row[Any]]:
    """(purpose, is_given, decided_at), the oldest first."""
    return (await session.execute(_LIST_CONSENTS, {"user_id": user_id, "limit": limit})).all()


async def set_password(session: AsyncSession, user_id: UUID, password_hash: str) -> None:
    """Who set it has answered a letter: the lock is lifted, and the address counts as verified."""
    await session.execute(_SET_PASSWORD, {"user_id": user_id, "password_hash": password_hash})


async def verify_email(session: AsyncSession, user_id: UUID) -> bool:
    """Whether it was not verified before."""
    return await execute_and_count(session, _VERIFY_EMAIL, {"user_id": user_id}) == 1


async def set_email(
    session: AsyncSession,
    user_id: UUID,
    email_lookup: bytes,
    email_hash: str | None,
    prior_hashes: dict[str, Any] | None,
) -> None:
    """By what a user is found, in the vault and in the streams. Raises EmailTaken."""
    login = {"user_id": user_id, "email_lookup": email_lookup}
    with _unless_taken():
        await session.execute(_SET_LOGIN_EMAIL, login)
    hashes = {"user_id": user_id, "email_hash": email_hash, "prior_hashes": prior_hashes}
    await session.execute(_SET_EMAIL_HASH, hashes)


async def insert_session(
    session: AsyncSession, session_id: UUID, user_id: UUID, second_factor_at: datetime | None
) -> None:
    await session.execute(
        _INSERT_SESSION, {"id": session_id, "user_id": user_id, "second_factor_at": second_factor_at}
    )


async def insert_origin(session: AsyncSession, session_id: UUID, user_id: UUID, sealed: bytes) -> None:
    origin = {"session_id": session_id, "user_id": user_id, "sealed": sealed}
    await session.execute(_INSERT_ORIGIN, origin)


async def list_sessions(session: AsyncSession, user_id: UUID, limit: int) -> Sequence[Row[Any]]:
    """Those that can still be refreshed: (id, created_at, last_used_at, second_factor_at, origin)"""
    return (await session.execute(_LIST_SESSIONS, {"user_id": user_id, "limit": limit})).all()


async def end_own_session(session: AsyncSession, user_id: UUID, session_id: UUID, reason: str) -> bool:
    parameters = {"id": session_id, "user_id": user_id, "reason": reason}
    return await execute_and_count(session, _END_OWN_SESSION, parameters) == 1


async def end_sessions(session: AsyncSession, user_id: UUID, reason: str, kept: UUID | None = None) -> int:
    """End all of a user's sessions but the one kept. Returns how many."""
    parameters = {"user_id": user_id, "reason": reason, "kept": kept}
    return await execute_and_count(session, _END_SESSIONS, parameters)


async def step_up(session: AsyncSession, user_id: UUID, session_id: UUID, given_at: datetime) -> bool:
    parameters = {"id": session_id, "user_id": user_id, "given_at": given_at}
    return await execute_and_count(session, _STEP_UP, parameters) == 1


async def insert_token(
    session: AsyncSession, token_hash: bytes, session_id: UUID, life: timedelta
) -> datetime:
    """Returns when the token ends."""
    token = {"token_hash": token_hash, "session_id": session_id, "life": life}
    expires_at: datetime = (await session.execute(_INSERT_TOKEN, token)).scalar_one()
    return expires_at


async def use_token(session: AsyncSession, token_hash: bytes) -> Row[Any] | None:
    """Mark a token used, once. (session_id, user_id, second_factor_at), or None when it cannot be used."""
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


async def list_role_holders(session: AsyncSession, unnamed: str, limit: int) -> Sequence[Row[Any]]:
    """(role, holders, users): who holds each role, up to `limit` of them; of `unnamed` nobody is named."""
    return (await session.execute(_LIST_ROLE_HOLDERS, {"unnamed": unnamed, "limit": limit})).all()
