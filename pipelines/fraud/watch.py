"""Watching one entity: its observations, every window an event falls into, and what was raised already.

State is bounded by commit time: an observation is kept until the entity has seen one that was committed
RETENTION later, and an entity nobody has seen for as long is forgotten. Within that span the result does not
depend on the order in which events arrive. An event that comes later still is counted with what is left, and
joined to what its signal said before, so it may count too little and never too much.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bytewax.operators import StatefulBatchLogic

from pipelines.fraud.observations import Entity, Observation, Sighting
from pipelines.fraud.rules import MEASURES, Rule, RuleBook, Window
from pipelines.fraud.signals import Signal, joined, signal_of

LATENESS = timedelta(days=1)  # added to the longest window


class Raised(NamedTuple):
    """A signal as it is now; `is_new` when this entity had not raised it before."""

    signal: Signal
    is_new: bool


class Memory(NamedTuple):
    """What is remembered of an entity."""

    observations: tuple[Observation, ...]
    raised: dict[str, int]  # signal id -> newest commit behind it
    seen_at: datetime


def evaluate(book: RuleBook, entity: Entity, known: Sequence[Observation], new: Observation) -> list[Signal]:
    """Every signal that `new` adds to. `known` is sorted and holds `new` already."""
    reach_us = book.longest_window_seconds * 1_000_000
    first = bisect_left(known, (new.occurred_us,))
    last = bisect_left(known, (new.occurred_us + reach_us,))
    moments = sorted({o.occurred_us for o in known[first:last] if o.kind == new.kind})
    return [
        signal
        for at_us in moments
        for rule in book.in_force(at_us)
        for window in rule.windows
        if at_us - new.occurred_us < window.length_us
        and (signal := _judge(rule, window, entity, known, new, at_us)) is not None
    ]


def _judge(
    rule: Rule, window: Window, entity: Entity, known: Sequence[Observation], new: Observation, at_us: int
) -> Signal | None:
    """The signal of the window that trails the moment `at_us`, if it reaches its limit."""
    limit = window.limits.get(entity.kind)
    measure = MEASURES[rule.id]
    if limit is None or measure.kind_at.get(entity.kind) != new.kind:
        return None
    start = bisect_left(known, (at_us - window.length_us + 1,))
    end = bisect_left(known, (at_us + 1,))
    members = [o for o in known[start:end] if o.kind == new.kind]
    finding = measure.find(entity.kind, members)
    if finding.observed < limit:
        return None
    return signal_of(rule, entity, window, at_us, finding, members)


class EntityWatch(StatefulBatchLogic[Sighting, Raised, Memory]):
    """The observations of one entity. An event seen before changes nothing."""

    def __init__(
        self, rules: Callable[[], RuleBook], clock: Callable[[], datetime], memory: Memory | None
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._known: list[Observation] = list(memory.observations) if memory else []
        self._ids = {o.event_id for o in self._known}
        self._raised: dict[str, int] = dict(memory.raised) if memory else {}
        self._seen_at = memory.seen_at if memory else clock()

    def on_batch(self, values: list[Sighting]) -> tuple[Iterable[Raised], bool]:
        book = self._rules()
        signals = [signal for value in values for signal in self._see(book, value)]
        self._seen_at = self._clock()
        newest = max(value.observation.committed_us for value in values)
        raised = []
        for signal in joined(signals).values():
            raised.append(Raised(signal, signal.signal_id not in self._raised))
            self._raised[signal.signal_id] = newest
        self._forget(_retention(book))
        return raised, StatefulBatchLogic.RETAIN

    def on_notify(self) -> tuple[Iterable[Raised], bool]:
        return [], StatefulBatchLogic.DISCARD

    def notify_at(self) -> datetime:
        return self._seen_at + _retention(self._rules())

    def snapshot(self) -> Memory:
        return Memory(tuple(self._known), dict(self._raised), self._seen_at)

    def _see(self, book: RuleBook, sighting: Sighting) -> list[Signal]:
        observation = sighting.observation
        if observation.event_id in self._ids:
            return []
        self._ids.add(observation.event_id)
        insort(self._known, observation)
        return evaluate(book, sighting.entity, self._known, observation)

    def _forget(self, retention: timedelta) -> None:
        horizon = max(o.committed_us for o in self._known) - int(retention.total_seconds()) * 1_000_000
        if all(o.committed_us >= horizon for o in self._known):
            return
        self._known = [o for o in self._known if o.committed_us >= horizon]
        self._ids = {o.event_id for o in self._known}
        self._raised = {name: at for name, at in self._raised.items() if at >= horizon}


def _retention(book: RuleBook) -> timedelta:
    return timedelta(seconds=book.longest_window_seconds) + LATENESS
