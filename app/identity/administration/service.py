"""Users as admins see and change them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import events, vault
from app.core.etags import Expected
from app.core.hashes import normalise_email
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import SERVICE_TOKEN_LIFE, Caller, Role, mint_service_token
from app.identity import store as accounts
from app.identity.administration import store
from app.identity.administration.errors import LastAdmin, OwnRoles, RoleNotGrantable
from app.identity.administration.schemas import (
    LockChange,
    ManagedUser,
    RolesChange,
    ServiceToken,
    ServiceTokenRequest,
    UserStatus,
)
from app.identity.errors import UserNotFound

# Given to programs of ours alone: it may turn the clock.
NOT_FOR_PEOPLE = frozenset({Role.SIMULATOR})


async def list_users(
    session: AsyncSession, window: Window, status: UserStatus | None, role: Role | None
) -> Page[ManagedUser]:
    """One page, the newest first. Raises CursorInvalid."""
    rows = await store.list_users(
        session, _place(window), status, role, window.limit + 1, is_backwards=window.is_backwards
    )
    people = await vault.get_people(session, [row.id for row in rows])
    shown = [_shown(row, people.get(row.id, {})) for row in rows]
    return page_of(shown, window, [row.id.hex for row in rows])


async def get_user(session: AsyncSession, user_id: UUID) -> ManagedUser:
    """Raises UserNotFound."""
    row = await store.find_user(session, user_id)
    if row is None:
        raise UserNotFound()
    return _shown(row, (await vault.get_people(session, [user_id])).get(user_id, {}))


async def find_by_email(session: AsyncSession, email: str) -> ManagedUser:
    """Raises UserNotFound."""
    login = await accounts.find_login(session, vault.lookups("email", normalise_email(email)))
    if login is None:
        raise UserNotFound()
    return await get_user(session, login.user_id)


async def change_roles(
    session: AsyncSession, caller: Caller, user_id: UUID, change: RolesChange, expected: Expected
) -> ManagedUser:
    """Give a user these roles and no other, and end their sessions, so that no token outlives the change by
    more than its 15 minutes.

    Raises UserNotFound, OwnRoles, LastAdmin, RoleNotGrantable, PreconditionFailed."""
    _ensure_other(caller, user_id)
    return await grant_roles(session, caller, user_id, change, expected)


async def grant_roles(
    session: AsyncSession,
    actor: Caller | str,
    user_id: UUID,
    change: RolesChange,
    expected: Expected | None = None,
) -> ManagedUser:
    """As change_roles, for a program too: the first admin is made by nobody who has a role."""
    wanted = sorted(set(change.roles))
    if NOT_FOR_PEOPLE.intersection(wanted):
        raise RoleNotGrantable("it is given to programs alone", pointer="/roles")
    await store.lock_roles_for_update(session)
    before = await get_user(session, user_id)
    if before.status is UserStatus.ERASED:
        raise UserNotFound()
    if expected is not None:
        expected.ensure(version_of(before))
    if Role.ADMIN in before.roles and Role.ADMIN not in wanted:
        await _ensure_other_admin(session, user_id)
    await store.keep_roles(session, user_id, [str(role) for role in wanted])
    for role in wanted:
        await store.add_role(session, user_id, role)
    after = await get_user(session, user_id)
    if after.roles != before.roles:
        await accounts.end_sessions(session, user_id, "roles_changed")
        sides = (("before", before), ("after", after))
        roles = {side: [str(role) for role in sorted(user.roles)] for side, user in sides}
        await _record(session, "RolesChanged", user_id, actor, roles)
        await _audit(session, actor, "user.roles_changed", user_id, roles, change.reason)
    return after


async def lock_user(session: AsyncSession, caller: Caller, user_id: UUID, change: LockChange) -> ManagedUser:
    """No log-in, no refresh, no API key of theirs works until unlocked. Raises UserNotFound, LastAdmin."""
    _ensure_other(caller, user_id)
    await store.lock_roles_for_update(session)
    if Role.ADMIN in (await get_user(session, user_id)).roles:
        await _ensure_other_admin(session, user_id)
    if await store.set_status(session, user_id, UserStatus.ACTIVE, UserStatus.LOCKED):
        await accounts.end_sessions(session, user_id, "locked")
        await _record(session, "UserLocked", user_id, caller, {})
        await _audit(session, caller, "user.locked", user_id, {}, change.reason)
    return await get_user(session, user_id)


async def unlock_user(
    session: AsyncSession, caller: Caller, user_id: UUID, change: LockChange
) -> ManagedUser:
    """Raises UserNotFound."""
    await get_user(session, user_id)
    if await store.set_status(session, user_id, UserStatus.LOCKED, UserStatus.ACTIVE):
        await accounts.forget_failures(session, user_id)
        await _record(session, "UserUnlocked", user_id, caller, {})
        await _audit(session, caller, "user.unlocked", user_id, {}, change.reason)
    return await get_user(session, user_id)


async def make_service_token(
    session: AsyncSession, caller: Caller, wanted: ServiceTokenRequest
) -> ServiceToken:
    """A token for a program of ours, for twelve hours."""
    scopes = frozenset(wanted.scopes)
    facts = {"roles": sorted(wanted.roles), "scopes": sorted(scopes)}
    await audit.record(
        session, "service_token.made", "service_token", wanted.subject, actor=caller, after=facts
    )
    return ServiceToken(
        access_token=mint_service_token(wanted.subject, sorted(set(wanted.roles)), scopes),
        expires_in=int(SERVICE_TOKEN_LIFE / timedelta(seconds=1)),
    )


def version_of(user: ManagedUser) -> int:
    """The same roles are the same version: one bit a role."""
    return sum(1 << place for place, role in enumerate(Role) if role in user.roles)


def _ensure_other(caller: Caller, user_id: UUID) -> None:
    if caller.user_id == user_id:
        raise OwnRoles()


async def _ensure_other_admin(session: AsyncSession, user_id: UUID) -> None:
    if await store.count_other_admins(session, user_id) == 0:
        raise LastAdmin()


def _shown(row: Row[Any], person: dict[str, str]) -> ManagedUser:
    return ManagedUser(
        id=row.id,
        status=UserStatus(row.status),
        email=person.get("email"),
        given_name=person.get("given_name"),
        family_name=person.get("family_name"),
        roles=[Role(role) for role in row.roles],
        email_verified=row.is_email_verified,
        has_second_factor=row.has_second_factor,
        created_at=row.created_at,
    )


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


async def _record(
    session: AsyncSession, event_type: str, user_id: UUID, actor: Caller | str, payload: dict[str, Any]
) -> None:
    actor_id = actor.user_id if isinstance(actor, Caller) else None
    await events.record(session, event_type, "user", user_id, payload, subject_id=user_id, actor_id=actor_id)


async def _audit(
    session: AsyncSession,
    actor: Caller | str,
    action: str,
    user_id: UUID,
    change: dict[str, list[str]],
    reason: str,
) -> None:
    before, after = (({"roles": change[side]} if side in change else None) for side in ("before", "after"))
    await audit.record(
        session, action, "user", user_id, actor=actor, before=before, after=after, reason=reason
    )
