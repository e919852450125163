"""Logging in, staying logged in, logging out; and a second factor on top.

Each wrong guess and each reused token is written in a transaction of its own, since the refusal that follows
rolls the request's back."""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import actions
from app.audit import service as audit
from app.audit.schemas import Kind as AuditKind
from app.core import vault
from app.core.context import current
from app.core.db import transaction
from app.core.events import record
from app.core.hashes import normalise_email
from app.core.ids import uuid7
from app.core.security import (
    ACCESS_TOKEN_LIFE,
    Caller,
    Role,
    absent_user_hash,
    hash_password,
    mint_access_token,
    verify_password,
)
from app.identity import rules, store
from app.identity.access import ensure_person
from app.identity.errors import (
    CredentialsWrong,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SecondFactorRequired,
    SecondFactorWrong,
    SessionNotFound,
)
from app.identity.factors import service as factors
from app.identity.schemas import (
    Credentials,
    PasswordChange,
    RefreshRequest,
    Session,
    SessionList,
    SessionsEnded,
    SteppedUp,
    Tokens,
)

REFRESH_TOKEN_LIFE = timedelta(days=30)
REFRESH_TOKEN_BYTES = 32
# An expired token is kept this long, so that using a stolen one again is still recognised.
REFRESH_TOKEN_KEPT = timedelta(days=30)
MAX_SESSIONS_SHOWN = 100
ORIGIN_KIND = "session_origin"


async def log_in(credentials: Credentials) -> Tokens:
    """Begin a session. Raises CredentialsWrong, alike in words and in time whatever was wrong.

    Takes no session: the password is checked between two transactions, not inside one, so that a flood
    of log-ins waits for the hashing threads without holding the database's connections."""
    lookups = vault.lookups("email", normalise_email(credentials.email))
    async with transaction() as session:
        login = await store.find_login(session, lookups)
    known_hash = login.password_hash if login is not None else absent_user_hash()
    matches = await verify_password(credentials.password.get_secret_value(), known_hash)
    if login is None or login.is_locked:
        # A guess during a lock counts for nothing, or somebody else could keep an account locked for ever.
        _note_guess(login.user_id if login else None, "locked" if login else "unknown")
        raise CredentialsWrong()
    if not matches:
        await _note_failure(login.user_id)
        _note_guess(login.user_id, "password")
        raise CredentialsWrong()
    second_factor_at = await _second_factor(login, credentials.code)
    async with transaction() as session:
        await store.forget_failures(session, login.user_id)
        session_id = uuid7()
        await store.insert_session(session, session_id, login.user_id, second_factor_at)
        tokens = await _issue(session, login.user_id, session_id, second_factor_at)
        await _note_origin(session, login.user_id, session_id)
        await _tell(session, actions.LOGGED_IN, "session", session_id, login.user_id)
        return tokens


async def change_password(caller: Caller, change: PasswordChange) -> None:
    """Set a new password and end all other sessions. Raises CredentialsWrong, also while locked.

    Takes no session, as a log-in takes none."""
    user_id = ensure_person(caller)
    known_hash = await ensure_password(
        user_id, change.current_password.get_secret_value(), "/current_password"
    )
    password_hash = await hash_password(change.new_password.get_secret_value())
    async with transaction() as session:
        if not await store.replace_password(session, user_id, known_hash, password_hash):
            raise CredentialsWrong(pointer="/current_password")
        await store.end_sessions(session, user_id, "ended_by_user", kept=caller.session_id)
        await record(session, "PasswordChanged", "user", user_id, {}, subject_id=user_id, actor_id=user_id)


async def ensure_password(user_id: UUID, password: str, pointer: str) -> str:
    """The hash that a user's password fits. A wrong one is counted as a failed log-in.

    Raises CredentialsWrong, also while the log-in is locked."""
    async with transaction() as session:
        login = await store.find_login_of(session, user_id)
    if login is None or login.is_locked:
        raise CredentialsWrong(pointer=pointer)
    if not await verify_password(password, login.password_hash):
        await _note_failure(user_id)
        raise CredentialsWrong(pointer=pointer)
    return str(login.password_hash)


async def step_up(caller: Caller, code: str) -> SteppedUp:
    """Take a second factor for the caller's session: what needs one is open for 15 minutes.

    Raises FactorAbsent, SecondFactorWrong, SessionNotFound."""
    user_id = ensure_person(caller)
    given_at = await factors.give(user_id, code)
    async with transaction() as session:
        user = await store.find_active_user(session, user_id)
        if (
            user is None
            or caller.session_id is None
            or not await store.step_up(session, user_id, caller.session_id, given_at)
        ):
            raise SessionNotFound("it has ended; log in again")
    return SteppedUp(
        access_token=_access_token(user_id, caller.session_id, user.roles, given_at),
        expires_in=int(ACCESS_TOKEN_LIFE.total_seconds()),
        second_factor_at=given_at,
    )


async def refresh(session: AsyncSession, request: RefreshRequest) -> Tokens:
    """Exchange a refresh token for a new pair. Raises RefreshTokenInvalid.

    A token that was used before is in two hands, so its whole session ends: RefreshTokenReused."""
    token_hash = _hash(request.refresh_token)
    used = await store.use_token(session, token_hash)
    if used is None:
        await _refuse(token_hash)
        raise RefreshTokenInvalid()
    await store.touch_session(session, used.session_id)
    return await _issue(session, used.user_id, used.session_id, used.second_factor_at)


async def log_out(session: AsyncSession, request: RefreshRequest) -> None:
    """End the session a refresh token belongs to. A token that is not ours ends nothing, silently."""
    session_id = await store.find_session_of_token(session, _hash(request.refresh_token))
    if session_id is not None:
        await store.end_session(session, session_id, "logged_out")


async def list_sessions(session: AsyncSession, caller: Caller) -> SessionList:
    """Where the caller is logged in, the last used first."""
    user_id = ensure_person(caller)
    rows = await store.list_sessions(session, user_id, MAX_SESSIONS_SHOWN)
    shown = []
    for row in rows:
        origin = await _open_origin(session, user_id, row.origin)
        shown.append(
            Session(
                id=row.id,
                created_at=row.created_at,
                last_used_at=row.last_used_at,
                is_current=row.id == caller.session_id,
                second_factor_at=row.second_factor_at,
                ip=origin.get("ip"),
                user_agent=origin.get("user_agent"),
            )
        )
    return SessionList(data=shown)


async def end_session(session: AsyncSession, caller: Caller, session_id: UUID) -> None:
    """End one of the caller's sessions. Raises SessionNotFound, also for another's."""
    if not await store.end_own_session(session, ensure_person(caller), session_id, "ended_by_user"):
        raise SessionNotFound()


async def end_other_sessions(session: AsyncSession, caller: Caller) -> SessionsEnded:
    """End all of the caller's sessions but the one they are calling from."""
    user_id = ensure_person(caller)
    return SessionsEnded(
        ended=await store.end_sessions(session, user_id, "ended_by_user", kept=caller.session_id)
    )


async def sweep_refresh_tokens(session: AsyncSession, limit: int) -> int:
    """Delete up to `limit` tokens long past their end. Returns how many."""
    return await store.delete_tokens_expired_before(session, REFRESH_TOKEN_KEPT, limit)


async def _refuse(token_hash: bytes) -> None:
    """End the session of a token that was used before, in a transaction of its own: the one of the
    request is about to be rolled back by the refusal. Raises RefreshTokenReused."""
    async with transaction() as session:
        session_id = await store.find_session_of_used_token(session, token_hash)
        if session_id is not None:
            await store.end_session(session, session_id, "reuse_detected")
            await _tell(session, actions.TOKEN_REUSED, "session", session_id, audit.UNKNOWN)
    if session_id is not None:
        raise RefreshTokenReused()


async def _note_failure(user_id: UUID) -> None:
    """In a transaction of its own: the refusal that follows must not take it back."""
    async with transaction() as session:
        lock = rules.lock_after(await store.note_failure(session, user_id))
        if lock is not None:
            await store.lock_login(session, user_id, lock)
            await _tell(session, actions.LOCKED_OUT, "user", user_id, audit.UNKNOWN)


def _note_guess(user_id: UUID | None, because: str) -> None:
    """Who guesses is nobody known, whosever account it is."""
    audit.note(actions.LOG_IN_FAILED, "user", user_id, actor=audit.UNKNOWN, after={"wrong": because})


async def _tell(
    session: AsyncSession, action: str, entity: str, key: UUID, actor: UUID | audit.Unknown
) -> None:
    await audit.record(session, action, entity, key, actor=actor, kind=AuditKind.SECURITY)


async def _second_factor(login: Row[Any], code: str | None) -> datetime | None:
    """When it was given; None where the account has none. Raises SecondFactorRequired, SecondFactorWrong."""
    if not login.has_second_factor:
        return None
    if code is None:
        raise SecondFactorRequired(pointer="/code")
    try:
        return await factors.give(login.user_id, code)
    except SecondFactorWrong:
        _note_guess(login.user_id, "second_factor")
        raise


async def _note_origin(session: AsyncSession, user_id: UUID, session_id: UUID) -> None:
    context = current()
    origin = {"ip": context.ip, "user_agent": context.user_agent}
    sealed = await vault.seal(session, user_id, json.dumps(origin).encode(), ORIGIN_KIND)
    await store.insert_origin(session, session_id, user_id, sealed)


async def _open_origin(session: AsyncSession, user_id: UUID, sealed: bytes | None) -> dict[str, str | None]:
    if sealed is None:
        return {}
    origin: dict[str, str | None] = json.loads(await vault.unseal(session, user_id, sealed, ORIGIN_KIND))
    return origin


async def _issue(
    session: AsyncSession, user_id: UUID, session_id: UUID, second_factor_at: datetime | None
) -> Tokens:
    user = await store.find_active_user(session, user_id)
    if user is None:
        raise CredentialsWrong()
    refresh_token = secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
    expires_at = await store.insert_token(session, _hash(refresh_token), session_id, REFRESH_TOKEN_LIFE)
    return Tokens(
        access_token=_access_token(user_id, session_id, user.roles, second_factor_at),
        expires_in=int(ACCESS_TOKEN_LIFE.total_seconds()),
        refresh_token=refresh_token,
        refresh_expires_at=expires_at,
    )


def _access_token(
    user_id: UUID, session_id: UUID, roles: list[str], second_factor_at: datetime | None
) -> str:
    granted = rules.roles_in_token((Role(role) for role in roles), second_factor_at)
    return mint_access_token(user_id, session_id, granted, second_factor_at)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
