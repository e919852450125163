"""The rules once more, as a plain recount over all events at once: what the stream has to agree with."""

from collections.abc import Sequence
from typing import NamedTuple

from pipelines.fraud.observations import Entity, Observation, ObservationKind, Sighting
from pipelines.fraud.rules import Rule


class Counted(NamedTuple):
    """What is said of one entity in one bucket by one rule."""

    observed: int
    event_count: int
    window_end_us: int
    first_us: int
    last_us: int


Key = tuple[str, int, Entity, int, int]  # rule, version, entity, window seconds, bucket


def recount(rules: Sequence[Rule], sightings: Sequence[Sighting]) -> dict[Key, Counted]:
    """Judge every window that trails an event, by looking at all events each time."""
    by_id = {(s.entity, s.observation.event_id): s for s in sightings}
    found: dict[Key, Counted] = {}
    for trigger in by_id.values():
        at_us = trigger.observation.occurred_us
        for rule in rules:
            if not rule.from_us <= at_us < (rule.to_us if rule.to_us is not None else at_us + 1):
                continue
            for window in rule.windows:
                length = window.seconds * 1_000_000
                kind = _kind(rule.id, trigger.entity.kind)
                if kind != trigger.observation.kind or trigger.entity.kind not in window.limits:
                    continue
                members = [
                    s.observation
                    for s in by_id.values()
                    if s.entity == trigger.entity
                    and s.observation.kind == kind
                    and at_us - length < s.observation.occurred_us <= at_us
                ]
                observed = _observed(rule.id, members)
                if observed < window.limits[trigger.entity.kind]:
                    continue
                key = (rule.id, rule.version, trigger.entity, window.seconds, at_us // length)
                one = Counted(observed, len(members), at_us, at_us, at_us)
                found[key] = _higher(found[key], one) if key in found else one
    return found


def _higher(one: Counted, other: Counted) -> Counted:
    peak = max(one, other, key=lambda c: (c.observed, c.event_count, -c.window_end_us))
    return peak._replace(first_us=min(one.first_us, other.first_us), last_us=max(one.last_us, other.last_us))


def _kind(rule_id: str, entity_kind: str) -> ObservationKind | None:
    if rule_id == "CT1":
        return ObservationKind.PAYMENT
    if rule_id == "S1":
        return ObservationKind.EXPIRY
    return ObservationKind.PAYMENT if entity_kind == "card" else ObservationKind.BOOKING


def _observed(rule_id: str, members: Sequence[Observation]) -> int:
    if rule_id == "CT1":
        cards = {m.card for m in members if m.card}
        return len(cards) if any(m.declined for m in members) else 0
    return len({m.booking for m in members})
