"""Register, log in, stay logged in, log out; and who a user is, for the domains above."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, events, vault
from app.core.context import current
from app.core.db import transaction
from app.core.entities import entities
from app.core.hashes import normalise_email
from app.core.ids import uuid7
from app.core.security import (
    ACCESS_TOKEN_LIFE,
    Role,
    absent_user_hash,
    hash_password,
    mint_access_token,
    verify_password,
)
from app.identity import store
from app.identity.errors import (
    CredentialsWrong,
    EmailTaken,
    RefreshTokenInvalid,
    RefreshTokenReused,
    UserNotFound,
)
from app.identity.schemas import Credentials, RefreshRequest, Tokens, User, UserCreate

REFRESH_TOKEN_LIFE = timedelta(days=30)
REFRESH_TOKEN_BYTES = 32
# An expired token is kept this long, so that using a stolen one again is still recognised.
REFRESH_TOKEN_KEPT = timedelta(days=30)
# After so many wrong passwords in a row each further try has to wait: at most 1,440 guesses a day.
ATTEMPTS_BEFORE_LOCK = 10
LOGIN_LOCK = timedelta(minutes=1)


async def register(session: AsyncSession, new: UserCreate) -> User:
    """Make an account with the role customer. Raises EmailTaken."""
    # Before the first statement: a connection is not held while a password is hashed.
    password_hash = await hash_password(new.password.get_secret_value())
    lookups = vault.lookups("email", normalise_email(new.email))
    if await store.find_login(session, lookups) is not None:
        raise EmailTaken(pointer="/email")
    user_id, now = uuid7(), await clock.now(session)
    who = entities(user_id=user_id, email=new.email)
    email_older = who.older.get("email")
    await store.insert_user(
        session,
        {
            "id": user_id,
            "email_hash": who.email,
            "prior_hashes": {"email": email_older} if email_older else None,
            "marketing_consent": new.marketing_consent,
            "simulated": current().is_simulated,
            "created_at": now,
        },
    )
    await store.insert_role(session, user_id, Role.CUSTOMER)
    await store.insert_login(session, user_id, lookups[0], password_hash)
    person = {"email": new.email, "given_name": new.given_name, "family_name": new.family_name}
    if new.phone is not None:
        person["phone"] = new.phone
    await vault.put_people(session, "user", {user_id: person})
    await events.record(
        session,
        "UserRegistered",
        "user",
        user_id,
        {"entities": who.as_payload()},
        subject_id=user_id,
        actor_id=user_id,
    )
    return User(
        id=user_id,
        email=new.email,
        given_name=new.given_name,
        family_name=new.family_name,
        phone=new.phone,
        roles=[Role.CUSTOMER],
        marketing_consent=new.marketing_consent,
        created_at=now,
    )


async def log_in(credentials: Credentials) -> Tokens:
    """Begin a session. Raises CredentialsWrong, alike in words and in time whatever was wrong.

    Takes no session: the password is checked between two transactions, not inside one, so that a flood
    of log-ins waits for the hashing threads without holding the database's connections."""
    lookups = vault.lookups("email", normalise_email(credentials.email))
    async with transaction() as session:
        login = await store.find_login(session, lookups)
    known_hash = login.password_hash if login is not None else absent_user_hash()
    matches = await verify_password(credentials.password.get_secret_value(), known_hash)
    if login is None:
        raise CredentialsWrong()
    if not matches or login.is_locked:
        async with transaction() as session:
            await store.note_failure(session, login.user_id, ATTEMPTS_BEFORE_LOCK, LOGIN_LOCK)
        raise CredentialsWrong()
    async with transaction() as session:
        await store.forget_failures(session, login.user_id)
        session_id = uuid7()
        await store.insert_session(session, session_id, login.user_id)
        return await _issue(session, login.user_id, session_id)


async def refresh(session: AsyncSession, request: RefreshRequest) -> Tokens:
    """Exchange a refresh token for a new pair. Raises RefreshTokenInvalid.

    A token that was used before is in two hands, so its whole session ends: RefreshTokenReused."""
    token_hash = _hash(request.refresh_token)
    used = await store.use_token(session, token_hash)
    if used is None:
        await _refuse(token_hash)
        raise RefreshTokenInvalid()
    await store.touch_session(session, used.session_id)
    return await _issue(session, used.user_id, used.session_id)


async def log_out(session: AsyncSession, request: RefreshRequest) -> None:
    """End the session a refresh token belongs to. A token that is not ours ends nothing, silently."""
    session_id = await store.find_session_of_token(session, _hash(request.refresh_token))
    if session_id is not None:
        await store.end_session(session, session_id, "logged_out")


async def get_user(session: AsyncSession, user_id: UUID) -> User:
    """Raises UserNotFound, also for a user who has been erased or locked."""
    found = await store.find_active_user(session, user_id)
    people = await vault.get_people(session, [user_id])
    if found is None or user_id not in people:
        raise UserNotFound()
    person = people[user_id]
    return User(
        id=found.id,
        email=person["email"],
        given_name=person["given_name"],
        family_name=person["family_name"],
        phone=person.get("phone"),
        roles=[Role(role) for role in found.roles],
        marketing_consent=found.marketing_consent,
        created_at=found.created_at,
    )


async def get_email(session: AsyncSession, user_id: UUID) -> str | None:
    """A user's e-mail address; None when the vault no longer knows the user."""
    people = await vault.get_people(session, [user_id])
    return people[user_id]["email"] if user_id in people else None


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
    if session_id is not None:
        raise RefreshTokenReused()


async def _issue(session: AsyncSession, user_id: UUID, session_id: UUID) -> Tokens:
    user = await store.find_active_user(session, user_id)
    if user is None:
        raise CredentialsWrong()
    refresh_token = secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
    expires_at = await store.insert_token(session, _hash(refresh_token), session_id, REFRESH_TOKEN_LIFE)
    return Tokens(
        access_token=mint_access_token(user_id, session_id, [Role(role) for role in user.roles]),
        expires_in=int(ACCESS_TOKEN_LIFE.total_seconds()),
        refresh_token=refresh_token,
        refresh_expires_at=expires_at,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
