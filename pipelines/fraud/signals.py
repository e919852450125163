"""Signals: what a rule says about an entity in one stretch of time, how two sayings join, and the score."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from pipelines.fraud.observations import Entity, Observation
from pipelines.fraud.rules import Finding, Rule, Window

MAX_EVENT_IDS = 20
MAX_SCORE = 100
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Signal(msgspec.Struct, frozen=True):
    """A row of live.fraud_signals.

    One signal stands for all events of one bucket that met the rule. `observed`, `reason`, `event_ids`,
    `event_count` and the window are those of its peak; `first_event_at` and `last_event_at` are the first and
    the last event that met the rule; `last_commit_at` is the newest commit among the events of the peak.
    """

    signal_id: str
    rule_id: str
    rule_version: int
    rule_group: str
    mode: str
    weight: int
    entity_kind: str
    entity_key: str
    window_seconds: int
    window_start: datetime
    window_end: datetime
    observed: int
    threshold: int
    reason: str
    event_ids: list[str]
    event_count: int
    first_event_at: datetime
    last_event_at: datetime
    last_commit_at: datetime

    @property
    def entity(self) -> Entity:
        return Entity(self.entity_kind, self.entity_key)

    @property
    def matters_until(self) -> datetime:
        """A signal counts for one more window after the last event that met its rule."""
        return self.last_event_at + timedelta(seconds=self.window_seconds)


class Reason(msgspec.Struct, frozen=True):
    """One signal's share of a score."""

    signal_id: str
    rule_id: str
    reason: str
    weight: int
    group: str
    valid_from: datetime
    valid_until: datetime


class Score(msgspec.Struct, frozen=True):
    """A row of live.fraud_scores, good from `valid_from` until before `valid_until`, in business time."""

    entity: Entity
    score: int
    reasons: list[Reason]
    valid_from: datetime
    valid_until: datetime


def moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def signal_id_of(rule: Rule, entity: Entity, window: Window, at_us: int) -> str:
    """The same for every event of one bucket: a UTC-aligned stretch as long as the window."""
    bucket = at_us // window.length_us
    identity = [rule.id, rule.version, entity.kind, entity.key, window.seconds, bucket]
    return hashlib.sha256(msgspec.json.encode(identity)).hexdigest()[:32]


def signal_of(
    rule: Rule,
    entity: Entity,
    window: Window,
    at_us: int,
    finding: Finding,
    members: Sequence[Observation],
) -> Signal:
    """What `rule` says of the events in the window that ends with the event at `at_us`."""
    limit = window.limits[entity.kind]
    at = moment(at_us)
    return Signal(
        signal_id=signal_id_of(rule, entity, window, at_us),
        rule_id=rule.id,
        rule_version=rule.version,
        rule_group=rule.group,
        mode=rule.mode,
        weight=rule.weight,
        entity_kind=entity.kind,
        entity_key=entity.key,
        window_seconds=window.seconds,
        window_start=moment(at_us - window.length_us),
        window_end=at,
        observed=finding.observed,
        threshold=limit,
        reason=f"{finding.words.format(span=span_words(window.seconds))}; limit {limit}",
        event_ids=[o.event_id for o in members[-MAX_EVENT_IDS:]],
        event_count=len(members),
        first_event_at=at,
        last_event_at=at,
        last_commit_at=moment(max(o.committed_us for o in members)),
    )


def join(one: Signal, other: Signal) -> Signal:
    """Two sayings of one signal as one. Commutative, associative and idempotent, so order cannot matter.

    The peak is the window with the most observed, then the most events, then the earliest. Events only ever
    add to a window, so what was said of a window early is never above what is said of it late.
    """
    peak = max(one, other, key=_height)
    return msgspec.structs.replace(
        peak,
        first_event_at=min(one.first_event_at, other.first_event_at),
        last_event_at=max(one.last_event_at, other.last_event_at),
        last_commit_at=max(s.last_commit_at for s in (one, other) if _height(s) == _height(peak)),
    )


def _height(signal: Signal) -> tuple[int, int, timedelta]:
    return signal.observed, signal.event_count, EPOCH - signal.window_end


def joined(signals: Iterable[Signal]) -> dict[str, Signal]:
    """One signal for each id."""
    by_id: dict[str, Signal] = {}
    for signal in signals:
        known = by_id.get(signal.signal_id)
        by_id[signal.signal_id] = join(known, signal) if known is not None else signal
    return by_id


def score_of(entity: Entity, signals: Iterable[Signal]) -> Score | None:
    """The score of an entity: the sum of weights, the largest one per group, at most 100.

    It is taken at the last event that met any rule; signals that no longer mattered by then, and those of
    rules in shadow, do not count. None when nothing counts.
    """
    judged = [signal for signal in signals if signal.mode != "shadow"]
    if not judged:
        return None
    newest = max(signal.last_event_at for signal in judged)
    by_group: dict[str, Signal] = {}
    for signal in judged:
        if signal.matters_until <= newest:
            continue
        known = by_group.get(signal.rule_group)
        if known is None or _rank(signal) > _rank(known):
            by_group[signal.rule_group] = signal
    counted = sorted(by_group.values(), key=lambda s: (-s.weight, s.signal_id))
    return Score(
        entity=entity,
        score=min(MAX_SCORE, sum(signal.weight for signal in counted)),
        reasons=[_reason(signal) for signal in counted],
        valid_from=min(signal.first_event_at for signal in counted),
        valid_until=max(signal.matters_until for signal in counted),
    )


def _rank(signal: Signal) -> tuple[int, datetime, str]:
    return signal.weight, signal.matters_until, signal.signal_id


def _reason(signal: Signal) -> Reason:
    return Reason(
        signal_id=signal.signal_id,
        rule_id=signal.rule_id,
        reason=signal.reason,
        weight=signal.weight,
        group=signal.rule_group,
        valid_from=signal.first_event_at,
        valid_until=signal.matters_until,
    )


def span_words(seconds: int) -> str:
    """A window's length as a person says it."""
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
