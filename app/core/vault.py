"""The vault: who people are, and secrets of theirs, each sealed under a key of its own. Never captured.

Envelope encryption: a subject's data is sealed with AES-GCM under a random key, and that key is stored
wrapped by a master key which lives outside the database. Deleting the row destroys the only copy.
"""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings
from app.core.db import execute_and_count
from app.core.errors import NotFound

KEY_BITS = 256
NONCE_BYTES = 12
# A rotation waits for longer than this after a new key: by then every program looks up by it, too.
RING_SECONDS = 5

_INSERT = text("""
    insert into vault.people (subject_id, kind, key_version, wrapped_key, sealed)
    select subject_id, kind, key_version, decode(wrapped_key, 'hex'), decode(sealed, 'hex')
    from json_to_recordset(cast(:rows as json)) as person (
        subject_id uuid, kind text, key_version text, wrapped_key text, sealed text
    )
""")
_SELECT = text("""
    select subject_id, key_version, wrapped_key, sealed from vault.people where subject_id = any(:subject_ids)
""")
_UPDATE = text("update vault.people set sealed = :sealed where subject_id = :subject_id")
_ERASE = text("delete from vault.people where subject_id = any(:subject_ids)")
_REWRAPS = tuple(
    (
        text(f"""
            select {key} as subject_id, key_version, wrapped_key from {table}
            where key_version <> :version
            order by {key}
            limit :limit
            for update skip locked
        """),
        text(f"""
            update {table} set key_version = :version, wrapped_key = :wrapped_key
            where {key} = :id and key_version = :old_version
        """),
    )
    for table, key in (("vault.people", "subject_id"), ("vault.secrets", "id"))
)
_COUNT_WRAPPED = text("""
    select key_version, count(*) as subjects
    from (
        select key_version from vault.people
        union all
        select key_version from vault.secrets
    ) as wrapped
    group by key_version
    order by key_version
""")


_PUT_SECRET = text("""
    insert into vault.secrets (id, kind, key_version, wrapped_key, sealed)
    values (:subject_id, :kind, :key_version, :wrapped_key, :sealed)
""")
_GET_SECRETS = text("""
    select id as subject_id, key_version, wrapped_key, sealed
    from vault.secrets
    where kind = :kind and id = any(:ids)
""")
_DELETE_SECRETS = text("delete from vault.secrets where kind = :kind and id = any(:ids)")


# A sealed row of people or secrets, by column.
Envelope = dict[str, Any]


class SubjectUnknown(NotFound):
    """There is no key to seal with: the person was erased, or never was."""

    code = "subject_unknown"
    title = "This person is no longer known"


def _master_keys() -> tuple[str, dict[str, bytes]]:
    """The current version, and every living key: read anew every few seconds, so that a key made while this
    program runs is known to it before anything depends on that."""
    return _ring(int(time.monotonic() // RING_SECONDS))


@lru_cache(maxsize=1)
def _ring(moment: int) -> tuple[str, dict[str, bytes]]:
    document: dict[str, Any] = json.loads(get_settings().secret("vault_keys.json"))
    return document["current"], {v: base64.b64decode(e["key"]) for v, e in document["keys"].items()}


def _master(version: str) -> bytes:
    """A rotation wraps keys under a master key made a moment ago: then the ring is read at once."""
    if version not in _master_keys()[1]:
        _ring.cache_clear()
    return _master_keys()[1][version]


def _encrypt(key: bytes, plain: bytes, subject_id: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, subject_id.bytes)


def _decrypt(key: bytes, sealed: bytes, subject_id: UUID) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], subject_id.bytes)


def _seal(kind: str, subject_id: UUID, plain: bytes) -> Envelope:
    """A sealed row: under a new key of its own, itself wrapped by the current master key."""
    version, masters = _master_keys()
    own_key = AESGCM.generate_key(KEY_BITS)
    return {
        "subject_id": subject_id,
        "kind": kind,
        "key_version": version,
        "wrapped_key": _encrypt(masters[version], own_key, subject_id),
        "sealed": _encrypt(own_key, plain, subject_id),
    }


def _open(row: Row[Any]) -> bytes:
    own_key = _decrypt(_master(row.key_version), row.wrapped_key, row.subject_id)
    return _decrypt(own_key, row.sealed, row.subject_id)


async def put_people(session: AsyncSession, kind: str, people: dict[UUID, dict[str, str]]) -> None:
    """Seal new people: subject id -> what is known of them (given_name, family_name, email, phone, ip)."""
    await put_sealed(session, [seal_person(kind, *each) for each in people.items()])


def seal_person(kind: str, subject_id: UUID, person: dict[str, str]) -> Envelope:
    """Seal a new person under a key of their own, to be put into the vault."""
    return _seal(kind, subject_id, json.dumps(person).encode())


async def put_sealed(session: AsyncSession, envelopes: Sequence[Envelope]) -> None:
    """Put new people into the vault, in one statement."""
    rows = [
        each
        | {
            "subject_id": each["subject_id"].hex,
            "wrapped_key": each["wrapped_key"].hex(),
            "sealed": each["sealed"].hex(),
        }
        for each in envelopes
    ]
    await session.execute(_INSERT, {"rows": json.dumps(rows)})


async def get_people(session: AsyncSession, subject_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """Open the envelopes of those still in the vault; an erased person is simply absent."""
    rows = await session.execute(_SELECT, {"subject_ids": subject_ids})
    return {row.subject_id: json.loads(_open(row)) for row in rows}


async def put_secret(session: AsyncSession, kind: str, secret_id: UUID, secret: str) -> None:
    """Seal a secret that is a user's own, such as a webhook's key. `kind` is its use, in snake case."""
    await session.execute(_PUT_SECRET, _seal(kind, secret_id, secret.encode()))


async def get_secrets(session: AsyncSession, kind: str, secret_ids: list[UUID]) -> dict[UUID, str]:
    """Open the secrets of one kind that are there."""
    rows = await session.execute(_GET_SECRETS, {"kind": kind, "ids": secret_ids})
    return {row.subject_id: _open(row).decode() for row in rows}


async def delete_secrets(session: AsyncSession, kind: str, secret_ids: list[UUID]) -> None:
    """Destroy secrets and the only copies of their keys."""
    await session.execute(_DELETE_SECRETS, {"kind": kind, "ids": secret_ids})


async def change_person(session: AsyncSession, subject_id: UUID, person: dict[str, str]) -> None:
    """Seal what is now known of a person, under the key they have. Raises SubjectUnknown."""
    own_key = await _own_key(session, subject_id)
    sealed = _encrypt(own_key, json.dumps(person).encode(), subject_id)
    await session.execute(_UPDATE, {"subject_id": subject_id, "sealed": sealed})


async def rewrap(session: AsyncSession, limit: int) -> int:
    """Wrap up to `limit` keys anew under the current master key: how many. 0: none is left under an older.

    What was sealed stays as it is; only the wrapping of each subject's own key changes. Whoever is being
    changed by another transaction is left for the next lot."""
    version, _ = _master_keys()
    done = 0
    for select, update in _REWRAPS:
        rows = (await session.execute(select, {"version": version, "limit": limit})).all()
        wrapped = [_rewrapped(row, version) for row in rows]
        if wrapped:
            await session.execute(update, wrapped)
        done += len(wrapped)
    return done


async def count_wrapped(session: AsyncSession) -> dict[str, int]:
    """Version of the master key -> how many keys are wrapped under it."""
    return {row.key_version: row.subjects for row in await session.execute(_COUNT_WRAPPED)}


def current_version() -> str:
    return _master_keys()[0]


def _rewrapped(row: Row[Any], version: str) -> dict[str, Any]:
    own_key = _decrypt(_master(row.key_version), row.wrapped_key, row.subject_id)
    return {
        "id": row.subject_id,
        "old_version": row.key_version,
        "version": version,
        "wrapped_key": _encrypt(_master(version), own_key, row.subject_id),
    }


async def erase_people(session: AsyncSession, subject_ids: list[UUID]) -> int:
    """Destroy the keys of these people: whatever was sealed under them is noise from now on. How many."""
    return await execute_and_count(session, _ERASE, {"subject_ids": subject_ids})


async def seal(session: AsyncSession, subject_id: UUID, plain: bytes, kind: str) -> bytes:
    """Seal something more of a person, to be kept in a table of schema vault: it dies with their key.

    `kind` says what it is, and only the same kind opens it again. Raises SubjectUnknown."""
    own_key = await _own_key(session, subject_id)
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(own_key).encrypt(nonce, plain, subject_id.bytes + kind.encode())


async def unseal(session: AsyncSession, subject_id: UUID, sealed: bytes, kind: str) -> bytes:
    """Raises SubjectUnknown."""
    own_key = await _own_key(session, subject_id)
    return AESGCM(own_key).decrypt(
        sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], subject_id.bytes + kind.encode()
    )


async def _own_key(session: AsyncSession, subject_id: UUID) -> bytes:
    row = (await session.execute(_SELECT, {"subject_ids": [subject_id]})).one_or_none()
    if row is None:
        raise SubjectUnknown()
    return _decrypt(_master(row.key_version), row.wrapped_key, row.subject_id)


def derived_tokens(purpose: str, row_id: UUID) -> list[str]:
    """The secret that belongs to a row: under the current master key first, then under older ones.

    Nobody can make it from the row alone, so the row's id may travel where a secret may not."""
    return [
        base64.urlsafe_b64encode(each).rstrip(b"=").decode()
        for each in lookups(f"token:{purpose}", row_id.hex)
    ]


def lookups(kind: str, value: str) -> list[bytes]:
    """What a value is found by without being stored: under the current master key first, then older ones.

    Not the streams' keyed hash, whose keys are destroyed after a year while a log-in must go on working."""
    current, masters = _master_keys()
    versions = [current, *(version for version in masters if version != current)]
    return [_lookup(masters[version], kind, value) for version in versions]


def _lookup(master: bytes, kind: str, value: str) -> bytes:
    # A key of its own, so that no value is ever both sealed and matched under one key.
    own = hmac.new(master, f"lookup:{kind}".encode(), hashlib.sha256).digest()
    return hmac.new(own, value.encode(), hashlib.sha256).digest()
