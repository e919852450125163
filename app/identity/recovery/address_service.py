"""Another e-mail address: asked for with the password, proved by a letter to the new one."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import events, vault
from app.core.db import transaction
from app.core.entities import entities
from app.core.hashes import normalise_email
from app.core.security import Caller
from app.identity import session_service as sessions
from app.identity import store as accounts
from app.identity.access import ensure_person
from app.identity.recovery import service as recovery
from app.identity.recovery import store
from app.identity.recovery.errors import MailTokenInvalid
from app.identity.recovery.schemas import EmailChange, Purpose

# What the vault knows of a user beside their address, until the letter is answered.
PENDING = "pending_email"


async def request_change(caller: Caller, change: EmailChange) -> None:
    """Have a letter written to the new address. An address that is taken gets none, in the same words.

    Raises CredentialsWrong. Takes no session, since the password is checked outside of any."""
    user_id = ensure_person(caller)
    await sessions.ensure_password(user_id, change.password.get_secret_value(), "/password")
    async with transaction() as session:
        await accounts.lock_user_for_update(session, user_id)
        if not await recovery.may_write(session, user_id, Purpose.EMAIL_CHANGE):
            return
        if await accounts.find_login(session, _lookups(change.email)) is not None:
            return
        # A letter sent before proves another address than the one that is asked for now.
        await store.void_tokens(session, user_id, Purpose.EMAIL_CHANGE)
        person = (await vault.get_people(session, [user_id]))[user_id]
        await vault.change_person(session, user_id, person | {PENDING: change.email})
        await recovery.ask_for_letter(session, user_id, Purpose.EMAIL_CHANGE)


async def confirm_change(session: AsyncSession, token: str) -> None:
    """The new address becomes the user's own. Locks the user. Raises MailTokenInvalid, EmailTaken."""
    user_id = await store.use_token(session, Purpose.EMAIL_CHANGE, recovery.hash_of(token))
    if user_id is None:
        raise MailTokenInvalid(pointer="/token")
    await accounts.lock_user_for_update(session, user_id)
    person = (await vault.get_people(session, [user_id])).get(user_id, {})
    email = person.pop(PENDING, None)
    if email is None:
        raise MailTokenInvalid(pointer="/token")
    await vault.change_person(session, user_id, person | {"email": email})
    await _let_log_in_by(session, user_id, email)
    await events.record(session, "EmailChanged", "user", user_id, {}, subject_id=user_id, actor_id=user_id)
    await audit.record(session, "user.email_changed", "user", user_id, actor=user_id)


async def _let_log_in_by(session: AsyncSession, user_id: UUID, email: str) -> None:
    who = entities(user_id=user_id, email=email)
    older = who.older.get("email")
    await accounts.set_email(
        session, user_id, _lookups(email)[0], who.email, {"email": older} if older else None
    )


def _lookups(email: str) -> list[bytes]:
    return vault.lookups("email", normalise_email(email))
