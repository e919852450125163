"""Cutting the stream of one partition into segments: what goes into one file and one manifest line."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec
from bytewax.operators import StatefulBatchLogic

from pipelines.landing.rows import LandedChange
from pipelines.records import BadMessage, Chain, PartitionEnd, PartitionStart

MAX_BYTES = 32 * 1024 * 1024  # of row text held back per partition: bounds memory while a snapshot streams in
HOUR_US = 3_600_000_000

Landing = LandedChange | BadMessage | PartitionStart | PartitionEnd


class Segment(msgspec.Struct, gc=False):
    """Everything between two offsets of a chain; `rows` may be empty when only markers were passed."""

    chain: Chain
    start_offset: int
    next_offset: int
    rows: list[LandedChange]
    bad: list[BadMessage]


class Cuts(msgspec.Struct, frozen=True):
    """When a segment is full."""

    rows: int
    age: timedelta


class SegmentLogic(StatefulBatchLogic[Landing, Segment, None]):
    """Collects one chain. Keeps nothing for recovery: what was not written is read again from Kafka.

    A segment is cut when it is full or old, and at each change of the commit hour, so that the folders of
    the lake hold exactly the hours they are named for.
    """

    def __init__(self, cuts: Cuts, clock: Callable[[], datetime]) -> None:
        self._cuts = cuts
        self._clock = clock
        self._segment: Segment | None = None
        self._bytes = 0
        self._hour: int | None = None
        self._due: datetime | None = None

    def on_batch(self, values: list[Landing]) -> tuple[Iterable[Segment], bool]:
        full = [segment for value in values for segment in self._add(value)]
        if self._due is None and self._has_progress():
            self._due = self._clock() + self._cuts.age
        return full, StatefulBatchLogic.RETAIN

    def on_notify(self) -> tuple[Iterable[Segment], bool]:
        if self._due is None or self._clock() < self._due:
            return [], StatefulBatchLogic.RETAIN
        return self._cut(), StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Segment], bool]:
        return (self._cut() if self._has_progress() else []), StatefulBatchLogic.RETAIN

    def notify_at(self) -> datetime | None:
        return self._due

    def snapshot(self) -> None:
        return None

    def _add(self, value: Landing) -> list[Segment]:
        if isinstance(value, PartitionStart):
            self._segment = Segment(value.chain, value.offset, value.offset, [], [])
            return []
        segment = self._segment
        if segment is None:
            raise AssertionError("a partition's messages came before its start")
        if isinstance(value, PartitionEnd):
            segment.next_offset = max(segment.next_offset, value.offset)
            return []
        if isinstance(value, BadMessage):
            segment.bad.append(value)
            segment.next_offset = value.message.offset + 1
            return self._cut() if len(segment.bad) >= self._cuts.rows else []
        return self._add_row(segment, value)

    def _add_row(self, segment: Segment, row: LandedChange) -> list[Segment]:
        change = row.change
        hour = change.source_ts_us // HOUR_US
        done = self._cut() if segment.rows and hour != self._hour else []
        segment = self._segment or segment
        segment.rows.append(row)
        segment.next_offset = change.message.offset + 1
        self._hour = hour
        self._bytes += len(change.before or "") + len(change.after or "")
        if len(segment.rows) >= self._cuts.rows or self._bytes >= MAX_BYTES:
            done += self._cut()
        return done

    def _has_progress(self) -> bool:
        return self._segment is not None and self._segment.next_offset > self._segment.start_offset

    def _cut(self) -> list[Segment]:
        segment = self._segment
        if segment is None:
            return []
        self._segment = Segment(segment.chain, segment.next_offset, segment.next_offset, [], [])
        self._bytes = 0
        self._due = None
        return [segment]
