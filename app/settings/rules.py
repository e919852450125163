"""Which version of a setting holds, and what a flag serves to whom: on plain values."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.settings.schemas import FlagRule, FlagState, Kind, Scope

# Percentages are kept to the hundredth.
BUCKETS = 10_000


@dataclass(frozen=True)
class Version:
    kind: Kind
    key: str
    version: int
    environment: Scope
    value: Any
    effective_from: datetime
    reason: str
    made_by: UUID | None
    made_at: datetime


@dataclass(frozen=True)
class Snapshot:
    """Every version of every setting and flag at one moment of reading: some hundred rows in a lifetime."""

    versions: dict[tuple[Kind, str], tuple[Version, ...]]

    def of(self, kind: Kind, key: str) -> tuple[Version, ...]:
        return self.versions.get((kind, key), ())


@dataclass(frozen=True)
class Served:
    variant: str
    value: Any
    is_targeted: bool


def snapshot_of(versions: Iterable[Version]) -> Snapshot:
    grouped: dict[tuple[Kind, str], list[Version]] = {}
    for version in versions:
        grouped.setdefault((version.kind, version.key), []).append(version)
    return Snapshot({key: tuple(group) for key, group in grouped.items()})


def in_effect(versions: Sequence[Version], environment: str, at: datetime) -> Version | None:
    """The version that holds at `at`; None when nothing was said yet, or the default holds again.

    What is said for this environment counts before what is said for all; the latest beginning
    counts, and of one beginning the youngest version."""
    for scope in (environment, Scope.ALL):
        begun = [each for each in versions if each.environment == scope and each.effective_from <= at]
        latest = max(begun, key=lambda each: (each.effective_from, each.version), default=None)
        # One environment that returned to the default lets what holds for all speak again.
        if latest is not None and latest.value is not None:
            return latest
    return None


def planned(versions: Sequence[Version], at: datetime) -> list[Version]:
    """What takes effect after `at`, in that order; of one beginning and environment the youngest."""
    youngest: dict[tuple[Scope, datetime], Version] = {}
    for each in sorted(versions, key=lambda each: each.version):
        if each.effective_from > at:
            youngest[each.environment, each.effective_from] = each
    return sorted(youngest.values(), key=lambda each: (each.effective_from, each.version))


def bucket_of(flag: str, who: str) -> int:
    """0 to 9,999, always the same for one flag and one user, and unrelated between flags."""
    return int.from_bytes(hashlib.sha256(f"{flag}:{who}".encode()).digest()[:8]) % BUCKETS


def serve(flag: str, state: FlagState, who: str | None, roles: Collection[str]) -> Served:
    """What a flag serves to a user (by id; None when nobody is known) with these roles."""
    if not state.enabled:
        return Served(state.off, state.variants[state.off], False)
    for rule in state.rules:
        if _fits(flag, rule, who, roles):
            return Served(rule.serve, state.variants[rule.serve], True)
    return Served(state.serve, state.variants[state.serve], False)


def _fits(flag: str, rule: FlagRule, who: str | None, roles: Collection[str]) -> bool:
    if rule.users is not None and who not in {str(user) for user in rule.users}:
        return False
    if rule.roles is not None and not set(rule.roles).intersection(roles):
        return False
    if rule.percentage is not None:
        # Somebody unknown cannot always be the same, so he is in no share but the whole.
        share = round(rule.percentage * BUCKETS / 100)
        return share >= BUCKETS if who is None else bucket_of(flag, who) < share
    return True
