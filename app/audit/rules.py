"""What an entry may hold, who acted, and how entries are chained."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.audit.schemas import ActorKind
from app.core.ids import encode
from app.core.security import Caller

# Names of fields that hold what a person is known by, or what opens a door. An entry is kept for years.
NEVER_WRITTEN = frozenset(
    {"email", "phone", "given_name", "family_name", "first_name", "last_name", "surname", "date_of_birth"}
    | {"document_number", "passport_number", "ip", "address", "password", "password_hash", "token"}
    | {"refresh_token", "access_token", "secret", "seed", "card_number"}
)
# What a chain begins with, so that the first entry is hashed like any other.
GENESIS = bytes(32)
CHAINED_FIELDS = (
    "id",
    "kind",
    "action",
    "entity_type",
    "entity_id",
    "actor_kind",
    "actor_id",
    "actor_name",
    "actor_roles",
    "before",
    "after",
    "reason",
    "request_id",
    "ip_hash",
    "occurred_at",
    "recorded_at",
    "simulated",
)


class Unknown:
    """Somebody whom nothing identifies, such as whoever mistyped an e-mail address."""


UNKNOWN = Unknown()
# A caller, a user's id, the name of a program of ours, nobody known, or None: the system by itself.
Actor = Caller | UUID | str | Unknown | None


@dataclass(frozen=True)
class ActorFacts:
    kind: ActorKind
    id: UUID | None = None
    name: str | None = None
    roles: tuple[str, ...] = ()


def facts_of(actor: Actor) -> ActorFacts:
    """Who acted, as an entry names it: by ids alone."""
    match actor:
        case None:
            return ActorFacts(ActorKind.SYSTEM)
        case Unknown():
            return ActorFacts(ActorKind.UNKNOWN)
        case UUID():
            return ActorFacts(ActorKind.USER, actor)
        case str():
            return ActorFacts(ActorKind.SERVICE, name=actor)
    return _facts_of_caller(actor)


def _facts_of_caller(caller: Caller) -> ActorFacts:
    roles = tuple(sorted(caller.roles))
    if caller.booking_id is not None:
        return ActorFacts(ActorKind.GUEST, name=encode("bkg", caller.booking_id), roles=roles)
    try:
        user_id = UUID(caller.subject)
    except ValueError:
        return ActorFacts(ActorKind.SERVICE, name=caller.subject, roles=roles)
    if caller.api_key_id is not None:
        return ActorFacts(ActorKind.API_KEY, user_id, encode("key", caller.api_key_id), roles)
    return ActorFacts(ActorKind.USER, user_id, roles=roles)


def refuse_personal(values: Mapping[str, Any] | None) -> None:
    """Raises ValueError when a field's name says that its value is personal, or opens a door."""
    pending: list[Any] = [values]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            if found := NEVER_WRITTEN.intersection(value):
                raise ValueError(f"an audit entry never holds {', '.join(sorted(found))}")
            pending.extend(value.values())
        elif isinstance(value, list | tuple):
            pending.extend(value)


def digest_of(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """SHA-256 over the digest before and the entry as canonical JSON (sorted, no spaces, times in UTC)."""
    chosen = {name: _plain(entry[name]) for name in CHAINED_FIELDS}
    text = json.dumps(chosen, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(previous + text.encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


def moment_of(entry_id: UUID) -> datetime:
    """The moment in a UUIDv7, to the millisecond."""
    return datetime.fromtimestamp((entry_id.int >> 80) / 1000, UTC)


def floor_of(moment: datetime) -> UUID:
    """The smallest UUID of that millisecond, as app.uuid_floor makes it."""
    return UUID(int=round(moment.timestamp() * 1000) << 80)


def months_between(begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
    """The months of UTC from `begins` to `ends`, each as (first moment, first moment after), cut to both."""
    months, first = [], begins.astimezone(UTC)
    while first < ends:
        after = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        after = after.replace(year=after.year + after.month // 12, month=after.month % 12 + 1)
        months.append((first, min(after, ends)))
        first = after
    return months


# What an entity's public ids begin with; the key of any other is shown as it is.
PREFIXES = {
    "user": "usr",
    "session": "ses",
    "api_key": "key",
    "booking": "bkg",
    "passenger": "pas",
    "ticket": "tkt",
    "coupon": "cpn",
    "payment": "pay",
    "refund": "ref",
    "cancellation": "can",
    "change": "chg",
    "order": "ord",
    "flight": "flt",
    "schedule": "sch",
    "cabin_inventory": "cab",
    "pricing_rule": "prl",
    "waitlist_entry": "wtl",
    "group": "grp",
    "webhook_endpoint": "whe",
    "webhook_delivery": "whd",
    "dispute": "dsp",
    "travel_credit": "crd",
    "schedule_change": "scg",
    "service_request": "ssr",
    "document": "doc",
    "seat_assignment": "sas",
}


def public_id(entity_type: str, key: str | None) -> str | None:
    """An entity's key as the API writes it."""
    prefix = PREFIXES.get(entity_type)
    if key is None or prefix is None:
        return key
    try:
        return encode(prefix, UUID(key))
    except ValueError:
        return key
