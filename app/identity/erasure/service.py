"""Forgetting a user, for the domain above that forgets the person everywhere."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events, vault
from app.core.security import STEP_UP_LIFE, Caller, Role
from app.identity import store as accounts
from app.identity.access import ensure_person
from app.identity.administration import store as administration
from app.identity.administration.errors import LastAdmin
from app.identity.erasure import store
from app.identity.erasure.errors import FreshLogInRequired
from app.identity.errors import UserNotFound
from app.identity.session_service import REFRESH_TOKEN_LIFE


async def ensure_fresh(session: AsyncSession, caller: Caller) -> UUID:
    """The user, when they logged in or gave a second factor a quarter of an hour ago at most: a token that
    was stolen must not destroy an account. Raises SessionNeeded, FreshLogInRequired."""
    user_id = ensure_person(caller)
    if caller.session_id is not None:
        proved_at = await store.session_proved_at(session, user_id, caller.session_id)
        if proved_at is not None and datetime.now(UTC) - proved_at <= STEP_UP_LIFE:
            return user_id
    raise FreshLogInRequired()


async def erase_user(session: AsyncSession, user_id: UUID) -> None:
    """Destroy who a user is. Their id stays, and names nobody. Raises UserNotFound, LastAdmin."""
    await administration.lock_roles_for_update(session)
    user = await administration.find_user(session, user_id)
    if user is None:
        raise UserNotFound()
    if Role.ADMIN in user.roles and await administration.count_other_admins(session, user_id) == 0:
        raise LastAdmin()
    if not await store.erase_user(session, user_id):
        raise UserNotFound()
    await accounts.end_sessions(session, user_id, "erased")
    await store.close_keys(session, user_id)
    await store.delete_belongings(session, user_id)
    await vault.erase_people(session, [user_id])
    await events.record(session, "UserErased", "user", user_id, {}, subject_id=user_id, actor_id=user_id)


async def sweep_origins(session: AsyncSession, kept: timedelta, limit: int) -> int:
    """Forget where sessions came from that ended so long ago, or can no longer be refreshed."""
    return await store.sweep_origins(session, kept, REFRESH_TOKEN_LIFE, limit)


async def sweep_sessions(session: AsyncSession, kept: timedelta, limit: int) -> int:
    """Delete sessions that ended so long ago and have no token left."""
    return await store.sweep_sessions(session, kept, limit)
