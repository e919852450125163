"""Keyed hashes: what the streams may know of a card, an address or a device without knowing it."""

import base64
import hashlib
import hmac
import ipaddress
import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from app.core.config import get_settings

# A key lives 360 days. From day 180 a younger one is current and both hashes are written,
# so that half a year of history can always be matched; then the old key is destroyed.
KEY_LIFE = timedelta(days=360)
KEY_OVERLAP = timedelta(days=180)


@dataclass(frozen=True)
class HashKey:
    version: str
    key: bytes
    created_at: datetime


@lru_cache
def _ring() -> tuple[HashKey, tuple[HashKey, ...]]:
    document: dict[str, Any] = json.loads(get_settings().secret("hash_keys.json"))
    keys = {
        version: HashKey(version, base64.b64decode(entry["key"]), datetime.fromisoformat(entry["created_at"]))
        for version, entry in document["keys"].items()
    }
    current = keys.pop(document["current"])
    return current, tuple(keys.values())


def _digest(key: HashKey, kind: str, value: str) -> str:
    return f"{key.version}:{hmac.new(key.key, f'{kind}:{value}'.encode(), hashlib.sha256).hexdigest()}"


def keyed_hash(kind: str, value: str) -> str:
    """HMAC-SHA256 of a normalised value under the current key, as "k1:<hex>"."""
    return _digest(_ring()[0], kind, value)


def prior_hashes(kind: str, value: str) -> list[str]:
    """The same value under every older key that has not yet reached the end of its life."""
    now = datetime.now(UTC)
    return [_digest(key, kind, value) for key in _ring()[1] if now - key.created_at < KEY_LIFE]


def normalise_email(address: str) -> str:
    return address.strip().casefold()


def normalise_surname(name: str) -> str:
    """Case, accents, spaces and punctuation do not make another family."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())


def network_of(ip: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one."""
    address = ipaddress.ip_address(ip)
    return str(ipaddress.ip_network(f"{ip}/{24 if address.version == 4 else 48}", strict=False))
