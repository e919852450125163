"""Make, rotate and revoke API keys, and say for whom one speaks."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.db import transaction
from app.core.ids import uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import API_KEY_PREFIX, Caller, Role
from app.identity import store as accounts
from app.identity.access import ensure_person
from app.identity.keys import store
from app.identity.keys.errors import ApiKeyEnded, ApiKeyInvalid, ApiKeyNotFound, TooManyApiKeys
from app.identity.keys.schemas import ApiKey, ApiKeyCreate, NewApiKey

KEY_BYTES = 32
SHOWN_LETTERS = 8
MAX_LIVING_KEYS = 20
# Writing each use would make every call a write, on one row.
USE_GRANULARITY = timedelta(minutes=1)
# The roles of staff need a second factor, which a key cannot give.
BY_KEY = frozenset({Role.CUSTOMER})


async def create_key(session: AsyncSession, caller: Caller, new: ApiKeyCreate) -> NewApiKey:
    """Raises TooManyApiKeys. Locks the user, so that their keys are counted one at a time."""
    user_id = ensure_person(caller)
    await accounts.lock_user_for_update(session, user_id)
    if await store.count_living_keys(session, user_id) >= MAX_LIVING_KEYS:
        raise TooManyApiKeys()
    scopes = sorted(set(new.scopes))
    return await _make(session, user_id, {"name": new.name, "scopes": scopes, "expires_at": new.expires_at})


async def list_keys(session: AsyncSession, caller: Caller, window: Window) -> Page[ApiKey]:
    """One page, the newest first. Raises CursorInvalid."""
    rows = await store.list_keys(
        session, ensure_person(caller), _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([_shown(row) for row in rows], window, [row.id.hex for row in rows])


async def get_key(session: AsyncSession, caller: Caller, key_id: UUID) -> ApiKey:
    """Raises ApiKeyNotFound, also for another's."""
    return _shown(await _get(session, ensure_person(caller), key_id))


async def rotate_key(session: AsyncSession, caller: Caller, key_id: UUID, overlap: timedelta) -> NewApiKey:
    """A new key with the same name and scopes; the present one ends after the overlap.

    Raises ApiKeyNotFound, ApiKeyEnded."""
    user_id = ensure_person(caller)
    await accounts.lock_user_for_update(session, user_id)
    old = await _get(session, user_id, key_id)
    made = await _make(
        session, user_id, {"name": old.name, "scopes": old.scopes, "expires_at": old.expires_at}
    )
    if not await store.replace_key(session, user_id, key_id, made.id, overlap):
        raise ApiKeyEnded()
    return made


async def revoke_key(session: AsyncSession, caller: Caller, key_id: UUID) -> None:
    """From the next call on. Raises ApiKeyNotFound."""
    user_id = ensure_person(caller)
    if not await store.revoke_key(session, user_id, key_id):
        await _get(session, user_id, key_id)


async def read_key(secret: str) -> Caller:
    """Who calls with a key. Raises ApiKeyInvalid. In a transaction of its own, before the request's."""
    async with transaction() as session:
        found = await store.read_key(session, _hash(secret), USE_GRANULARITY)
        if found is None:
            raise ApiKeyInvalid()
        if found.is_use_news:
            await store.touch_key(session, found.id)
    return Caller(
        str(found.user_id),
        frozenset(Role(role) for role in found.roles) & BY_KEY,
        scopes=frozenset(found.scopes),
        api_key_id=found.id,
    )


async def sweep_keys(session: AsyncSession, kept: timedelta, limit: int) -> int:
    """Delete up to `limit` keys that ended so long ago. Returns how many."""
    return await store.delete_ended(session, kept, limit)


async def _make(session: AsyncSession, user_id: UUID, values: dict[str, Any]) -> NewApiKey:
    key_id, secret = uuid7(), API_KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    prefix = secret[: len(API_KEY_PREFIX) + SHOWN_LETTERS]
    row = values | {"id": key_id, "user_id": user_id, "prefix": prefix, "key_hash": _hash(secret)}
    await store.insert_key(session, row)
    shown = _shown(await _get(session, user_id, key_id))
    return NewApiKey(**dict(shown), key=secret)


async def _get(session: AsyncSession, user_id: UUID, key_id: UUID) -> Row[Any]:
    row = await store.find_key(session, user_id, key_id)
    if row is None:
        raise ApiKeyNotFound()
    return row


def _shown(row: Row[Any]) -> ApiKey:
    return ApiKey(**row._mapping)


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
