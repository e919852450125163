"""The rules as data: rows of app.fraud_rules, the version in force at a moment, and what each rule counts."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from pipelines.envelope import UNREADABLE
from pipelines.fraud.observations import Observation, ObservationKind, Sighting, microseconds

DAY_SECONDS = 86_400
MAX_WINDOW_SECONDS = 30 * DAY_SECONDS  # bounds what must be remembered of an entity


class Window(msgspec.Struct, frozen=True):
    """How far back a rule looks, and from how many on it speaks, by kind of entity."""

    seconds: Annotated[int, msgspec.Meta(gt=0, le=MAX_WINDOW_SECONDS)]
    limits: dict[str, Annotated[int, msgspec.Meta(gt=0)]]

    @property
    def length_us(self) -> int:
        return self.seconds * 1_000_000


class Rule(msgspec.Struct, frozen=True):
    """One version of a rule, in force from `from_us` until before `to_us`."""

    id: str
    version: int
    group: str
    mode: str
    weight: int
    windows: tuple[Window, ...]
    from_us: int
    to_us: int | None


class RefusedRule(NamedTuple):
    """A rule row that cannot be applied, and why."""

    id: str
    version: int
    reason: str


class Finding(NamedTuple):
    """What a rule counts in a window, and its words for it."""

    observed: int
    words: str


class Measure(NamedTuple):
    """What a rule counts: which observations matter at which entities, and how they add up."""

    kind_at: dict[str, ObservationKind]
    find: Callable[[str, Sequence[Observation]], Finding]


def _distinct_cards(entity_kind: str, window: Sequence[Observation]) -> Finding:
    declined = sum(o.declined for o in window)
    cards = len({o.card for o in window if o.card is not None})
    return Finding(
        cards if declined else 0,
        f"{cards} cards from one {NAMES[entity_kind]} in {{span}}, {declined} declined",
    )


def _distinct_bookings(entity_kind: str, window: Sequence[Observation]) -> Finding:
    bookings = len({o.booking for o in window})
    preposition = "with" if entity_kind in ("card", "email") else "from"
    return Finding(bookings, f"{bookings} bookings {preposition} one {NAMES[entity_kind]} in {{span}}")


def _expired_holds(entity_kind: str, window: Sequence[Observation]) -> Finding:
    holds = len({o.booking for o in window})
    return Finding(holds, f"{holds} holds left to expire unpaid from one {NAMES[entity_kind]} in {{span}}")


NAMES = {
    "account": "account",
    "card": "card",
    "device": "device",
    "email": "e-mail address",
    "ip": "IP address",
}
MEASURES = {
    "CT1": Measure(dict.fromkeys(("ip", "device"), ObservationKind.PAYMENT), _distinct_cards),
    "V1": Measure(
        {
            "card": ObservationKind.PAYMENT,
            **dict.fromkeys(("email", "device", "ip"), ObservationKind.BOOKING),
        },
        _distinct_bookings,
    ),
    "S1": Measure(dict.fromkeys(("ip", "device", "account"), ObservationKind.EXPIRY), _expired_holds),
}


_WATCHED_AT = {pair for measure in MEASURES.values() for pair in measure.kind_at.items()}


def is_watched(sighting: Sighting) -> bool:
    """Whether any rule counts this kind of observation at this kind of entity."""
    return (sighting.entity.kind, sighting.observation.kind) in _WATCHED_AT


class RuleBook:
    """All versions of all rules that can be applied."""

    def __init__(self, rules: Iterable[Rule], refused: Sequence[RefusedRule] = ()) -> None:
        self._versions: dict[str, list[Rule]] = {}
        for rule in rules:
            self._versions.setdefault(rule.id, []).append(rule)
        self.refused = tuple(refused)
        lengths = [w.seconds for versions in self._versions.values() for r in versions for w in r.windows]
        self.longest_window_seconds = max(lengths, default=DAY_SECONDS)

    def in_force(self, at_us: int) -> list[Rule]:
        """The version of each rule in force at a moment of event time."""
        return [
            rule
            for versions in self._versions.values()
            for rule in versions
            if rule.from_us <= at_us and (rule.to_us is None or at_us < rule.to_us)
        ]


def rule_book(rows: Iterable[dict[str, Any]]) -> RuleBook:
    """Read rows of app.fraud_rules; a row nobody can apply is refused, and the others still hold."""
    rules: list[Rule] = []
    refused: list[RefusedRule] = []
    for row in rows:
        try:
            rules.append(_rule_of(row))
        except UNREADABLE as error:
            refused.append(RefusedRule(row["id"], row["version"], str(error)))
        except UnknownRule as error:
            refused.append(RefusedRule(row["id"], row["version"], str(error)))
    return RuleBook(rules, refused)


class UnknownRule(ValueError):
    """A rule id or kind of entity that this code has no measure for."""


def _rule_of(row: dict[str, Any]) -> Rule:
    windows = msgspec.convert(row["windows"], tuple[Window, ...])
    if row["id"] not in MEASURES:
        raise UnknownRule(f"there is no measure for rule {row['id']}")
    strange = {kind for window in windows for kind in window.limits} - set(MEASURES[row["id"]].kind_at)
    if strange:
        raise UnknownRule(f"rule {row['id']} does not apply to {', '.join(sorted(strange))}")
    until: datetime | None = row["effective_to"]
    return Rule(
        id=row["id"],
        version=row["version"],
        group=row["rule_group"],
        mode=row["mode"],
        weight=row["weight"],
        windows=windows,
        from_us=microseconds(row["effective_from"]),
        to_us=microseconds(until) if until is not None else None,
    )
