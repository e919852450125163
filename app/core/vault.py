"""The vault: who people are, sealed under a key of each person's own. Nothing here is ever captured.

Envelope encryption: a subject's data is sealed with AES-GCM under a random key, and that key is stored
wrapped by a master key which lives outside the database. Deleting the row destroys the only copy.
"""

import base64
import hashlib
import hmac
import json
import os
from functools import lru_cache
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.config import get_settings

KEY_BITS = 256
NONCE_BYTES = 12

_INSERT = text("""
    insert into vault.people (subject_id, kind, key_version, wrapped_key, sealed)
    values (:subject_id, :kind, :key_version, :wrapped_key, :sealed)
""")
_SELECT = text("""
    select subject_id, key_version, wrapped_key, sealed from vault.people where subject_id = any(:subject_ids)
""")


@lru_cache
def _master_keys() -> tuple[str, dict[str, bytes]]:
    document: dict[str, Any] = json.loads(get_settings().secret("vault_keys.json"))
    return document["current"], {v: base64.b64decode(e["key"]) for v, e in document["keys"].items()}


def _encrypt(key: bytes, plain: bytes, subject_id: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, subject_id.bytes)


def _decrypt(key: bytes, sealed: bytes, subject_id: UUID) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], subject_id.bytes)


async def put_people(session: AsyncSession, kind: str, people: dict[UUID, dict[str, str]]) -> None:
    """Seal new people: subject id -> what is known of them (given_name, family_name, email, phone, ip)."""
    version, masters = _master_keys()
    rows = []
    for subject_id, person in people.items():
        own_key = AESGCM.generate_key(KEY_BITS)
        rows.append(
            {
                "subject_id": subject_id,
                "kind": kind,
                "key_version": version,
                "wrapped_key": _encrypt(masters[version], own_key, subject_id),
                "sealed": _encrypt(own_key, json.dumps(person).encode(), subject_id),
            }
        )
    await session.execute(_INSERT, rows)


async def get_people(session: AsyncSession, subject_ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """Open the envelopes of those still in the vault; an erased person is simply absent."""
    masters = _master_keys()[1]
    people: dict[UUID, dict[str, str]] = {}
    for row in await session.execute(_SELECT, {"subject_ids": subject_ids}):
        own_key = _decrypt(masters[row.key_version], row.wrapped_key, row.subject_id)
        people[row.subject_id] = json.loads(_decrypt(own_key, row.sealed, row.subject_id))
    return people


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
