"""Letters that prove an address: to choose a new password, or that the address is the user's own.

The token a letter carries is derived from the id of its row, under a key of the vault, when the letter is
written. So the event that asks for the letter may enter the stream, and the table keeps a hash alone."""

import hashlib
from datetime import timedelta
from uuid import UUID

import anyio
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events, vault
from app.core.context import current
from app.core.db import transaction
from app.core.hashes import normalise_email
from app.core.ids import uuid7
from app.core.security import hash_password
from app.identity import store as accounts
from app.identity.errors import UserNotFound
from app.identity.recovery import store
from app.identity.recovery.errors import EmailVerified, MailTokenInvalid
from app.identity.recovery.schemas import PasswordReset, Purpose

LIFE = {
    Purpose.PASSWORD_RESET: timedelta(minutes=30),
    Purpose.EMAIL_VERIFICATION: timedelta(days=3),
    Purpose.EMAIL_CHANGE: timedelta(hours=2),
}
# A mailbox is not to be flooded by whoever knows the address.
LETTERS_AN_HOUR = 3
HOUR = timedelta(hours=1)
# Longer than it takes to write the row and the event: a known address answers no later than an unknown one.
ANSWER_AFTER_SECONDS = 0.15


async def request_reset(email: str) -> None:
    """Have a letter written when the address has an account; the same answer, and as late, when it has none.

    Takes no session: the commit must lie before the wait."""
    answer_at = anyio.current_time() + ANSWER_AFTER_SECONDS
    async with transaction() as session:
        login = await accounts.find_login(session, vault.lookups("email", normalise_email(email)))
        if login is not None and await accounts.find_active_user(session, login.user_id) is not None:
            await ask_for_letter(session, login.user_id, Purpose.PASSWORD_RESET)
    await anyio.sleep_until(answer_at)


async def reset_password(reset: PasswordReset) -> None:
    """Set the password, once a token, and end every session. Raises MailTokenInvalid.

    Takes no session, as a log-in takes none: the password is hashed between two transactions."""
    token_hash = hash_of(reset.token)
    async with transaction() as session:
        if not await store.is_live(session, Purpose.PASSWORD_RESET, token_hash):
            raise MailTokenInvalid(pointer="/token")
    password_hash = await hash_password(reset.new_password.get_secret_value())
    async with transaction() as session:
        user_id = await store.use_token(session, Purpose.PASSWORD_RESET, token_hash)
        if user_id is None:
            raise MailTokenInvalid(pointer="/token")
        await store.void_tokens(session, user_id, Purpose.PASSWORD_RESET)
        await accounts.set_password(session, user_id, password_hash)
        await accounts.end_sessions(session, user_id, "password_reset")
        await _record(session, "PasswordChanged", user_id, {})


async def request_verification(session: AsyncSession, user_id: UUID) -> None:
    """Have a letter written to a user's own address. Raises UserNotFound, EmailVerified."""
    user = await accounts.find_active_user(session, user_id)
    if user is None:
        raise UserNotFound()
    if user.is_email_verified:
        raise EmailVerified()
    await ask_for_letter(session, user_id, Purpose.EMAIL_VERIFICATION)


async def greet(session: AsyncSession, user_id: UUID) -> None:
    """The letter of a new account. A simulated person reads no mail."""
    if not current().is_simulated:
        await ask_for_letter(session, user_id, Purpose.EMAIL_VERIFICATION)


async def verify_email(session: AsyncSession, token: str) -> None:
    """Raises MailTokenInvalid."""
    user_id = await store.use_token(session, Purpose.EMAIL_VERIFICATION, hash_of(token))
    if user_id is None:
        raise MailTokenInvalid(pointer="/token")
    if await accounts.verify_email(session, user_id):
        await _record(session, "EmailVerified", user_id, {})


async def open_token(session: AsyncSession, purpose: Purpose, token_id: UUID) -> str | None:
    """The token a letter is to carry; None when it would be of no use any more."""
    kept = await store.find_hash(session, token_id)
    for token in vault.derived_tokens(purpose, token_id):
        if hash_of(token) == kept:
            return token
    return None


async def sweep_tokens(session: AsyncSession, kept: timedelta, limit: int) -> int:
    """Delete up to `limit` tokens that ended so long ago. Returns how many."""
    return await store.delete_expired(session, kept, limit)


async def may_write(session: AsyncSession, user_id: UUID, purpose: Purpose) -> bool:
    return await store.count_tokens_of_late(session, user_id, purpose, HOUR) < LETTERS_AN_HOUR


async def ask_for_letter(session: AsyncSession, user_id: UUID, purpose: Purpose) -> None:
    """Make a token and tell that its letter is to be written, unless there were enough of late."""
    if not await may_write(session, user_id, purpose):
        return
    token_id = uuid7()
    token = {
        "id": token_id,
        "purpose": purpose,
        "user_id": user_id,
        "token_hash": hash_of(vault.derived_tokens(purpose, token_id)[0]),
        "life": LIFE[purpose],
    }
    await store.insert_token(session, token)
    what: dict[str, object] = {"mail_token_id": token_id}
    match purpose:
        case Purpose.PASSWORD_RESET:
            await _record(session, "PasswordResetRequested", user_id, what)
        case Purpose.EMAIL_VERIFICATION:
            await _record(session, "EmailVerificationRequested", user_id, what)
        case Purpose.EMAIL_CHANGE:
            await _record(session, "EmailChangeRequested", user_id, what)


async def _record(session: AsyncSession, event_type: str, user_id: UUID, payload: dict[str, object]) -> None:
    await events.record(session, event_type, "user", user_id, payload, subject_id=user_id, actor_id=user_id)


def hash_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
