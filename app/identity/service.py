"""Register; who a user is, for the domains above; and what they change about themselves."""

import zlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, events, vault
from app.core.context import current
from app.core.entities import entities
from app.core.etags import Expected
from app.core.hashes import normalise_email
from app.core.ids import uuid7
from app.core.security import Caller, Role, hash_password
from app.identity import store
from app.identity.access import ensure_person
from app.identity.errors import EmailTaken, UserNotFound
from app.identity.recovery import service as recovery
from app.identity.schemas import ConsentDecision, ConsentHistory, ConsentPurpose, User, UserChange, UserCreate
from app.identity.session_service import sweep_refresh_tokens
from app.settings import service as settings
from app.settings.registry import REGISTRATION

__all__ = [
    "change_user",
    "get_email",
    "get_user",
    "list_consents",
    "register",
    "sweep_refresh_tokens",
    "version_of",
]

# More decisions than anybody takes; a bound.
MAX_CONSENTS_SHOWN = 1_000
# Of each role but the customers'; a role with more holders than these is no privilege.
MAX_ROLE_HOLDERS = 1_000


async def register(session: AsyncSession, new: UserCreate) -> User:
    """Make an account with the role customer. Raises EmailTaken, FeatureOff."""
    # Before the first statement: a connection is not held while a password is hashed.
    password_hash = await hash_password(new.password.get_secret_value())
    lookups = vault.lookups("email", normalise_email(new.email))
    await settings.require(session, REGISTRATION)
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
    if new.marketing_consent:
        await _decide_consent(session, user_id, is_given=True)
    await recovery.greet(session, user_id)
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
        email_verified=found.is_email_verified,
    )


async def get_email(session: AsyncSession, user_id: UUID) -> str | None:
    """A user's e-mail address; None when the vault no longer knows the user."""
    people = await vault.get_people(session, [user_id])
    return people[user_id]["email"] if user_id in people else None


async def change_user(session: AsyncSession, caller: Caller, change: UserChange, expected: Expected) -> User:
    """Change what the caller gave, and nothing else. Locks the user. Raises UserNotFound,
    PreconditionFailed."""
    user_id = ensure_person(caller)
    await store.lock_user_for_update(session, user_id)
    user = await get_user(session, user_id)
    expected.ensure(version_of(user))
    given = change.model_dump(exclude_unset=True)
    named = {name: value for name, value in given.items() if name != "marketing_consent"}
    if named:
        person = (await vault.get_people(session, [user_id]))[user_id] | named
        known = {name: value for name, value in person.items() if value is not None}
        await vault.change_person(session, user_id, known)
        await _record_change(session, "UserChanged", user_id, {"fields": sorted(named)})
    consent = given.get("marketing_consent")
    if consent is not None and consent != user.marketing_consent:
        await store.set_marketing_consent(session, user_id, consent)
        await _decide_consent(session, user_id, is_given=consent)
    return await get_user(session, user_id)


async def list_role_holders(session: AsyncSession) -> dict[str, tuple[int, list[UUID]]]:
    """Role -> how many active users hold it, and which; of customers only the number."""
    rows = await store.list_role_holders(session, Role.CUSTOMER, MAX_ROLE_HOLDERS)
    return {row.role: (row.holders, row.users or []) for row in rows}


def version_of(user: User) -> int:
    """What a user says of themselves has no counter: the same words are the same version."""
    said = user.model_dump_json(include={"given_name", "family_name", "phone", "marketing_consent"})
    return zlib.crc32(said.encode())


async def list_consents(session: AsyncSession, user_id: UUID) -> ConsentHistory:
    rows = await store.list_consents(session, user_id, MAX_CONSENTS_SHOWN)
    return ConsentHistory(
        data=[
            ConsentDecision(
                purpose=ConsentPurpose(row.purpose), is_given=row.is_given, decided_at=row.decided_at
            )
            for row in rows
        ]
    )


async def _decide_consent(session: AsyncSession, user_id: UUID, *, is_given: bool) -> None:
    consent = {
        "id": uuid7(),
        "user_id": user_id,
        "purpose": ConsentPurpose.MARKETING,
        "is_given": is_given,
        "decided_at": await clock.now(session),
        "request_id": current().request_id,
    }
    await store.insert_consent(session, consent)
    await _record_change(
        session,
        "ConsentGiven" if is_given else "ConsentWithdrawn",
        user_id,
        {"purpose": ConsentPurpose.MARKETING},
    )


async def _record_change(
    session: AsyncSession, event_type: str, user_id: UUID, payload: dict[str, object]
) -> None:
    await events.record(session, event_type, "user", user_id, payload, subject_id=user_id, actor_id=user_id)
