"""Cutting a partition's stream: every offset is in exactly one segment, whatever is cut where."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipelines.landing import segments
from pipelines.landing.segments import HOUR_US, Cuts, Landing, Segment, SegmentLogic
from pipelines.records import PartitionEnd, PartitionStart
from tests.pipelines.landing.segments import TOPIC, bad, landed
from tests.pipelines.messages import START, START_US, chain

AGE = timedelta(seconds=30)


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def logic(rows: int = 1_000, clock: Clock | None = None) -> SegmentLogic:
    return SegmentLogic(Cuts(rows, AGE), clock or Clock())


def push(collector: SegmentLogic, *items: Landing) -> list[Segment]:
    cut, _ = collector.on_batch(list(items))
    return list(cut)


def test_a_segment_is_cut_when_it_has_enough_rows() -> None:
    collector = logic(rows=2)

    cut = push(collector, PartitionStart(chain(TOPIC), 0), *(landed(offset) for offset in range(5)))

    assert [(s.start_offset, s.next_offset, len(s.rows)) for s in cut] == [(0, 2, 2), (2, 4, 2)]


def test_a_segment_is_cut_when_it_is_old_and_covers_the_markers_after_it() -> None:
    clock = Clock()
    collector = logic(clock=clock)

    assert push(collector, PartitionStart(chain(TOPIC), 7), landed(7), PartitionEnd(chain(TOPIC), 9)) == []
    assert collector.notify_at() == START + AGE
    clock.now += AGE
    (cut,), _ = collector.on_notify()

    assert (cut.start_offset, cut.next_offset, len(cut.rows)) == (7, 9, 1)
    assert collector.notify_at() is None


def test_markers_alone_make_a_segment_without_rows_and_no_news_makes_none() -> None:
    clock = Clock()
    collector = logic(clock=clock)

    push(collector, PartitionStart(chain(TOPIC), 0), PartitionEnd(chain(TOPIC), 0))
    assert collector.notify_at() is None
    push(collector, PartitionEnd(chain(TOPIC), 2))
    clock.now += AGE
    (cut,), _ = collector.on_notify()

    assert (cut.start_offset, cut.next_offset, cut.rows, cut.bad) == (0, 2, [], [])


def test_a_new_commit_hour_begins_a_new_segment() -> None:
    collector = logic()

    cut = push(
        collector, PartitionStart(chain(TOPIC), 0), landed(0), landed(1), landed(3, at_us=START_US + HOUR_US)
    )

    assert [(s.start_offset, s.next_offset, len(s.rows)) for s in cut] == [(0, 2, 2)]


def test_much_text_is_cut_before_it_fills_the_memory() -> None:
    collector = logic(rows=10**9)
    row = landed(0)
    size = len(row.change.after or "")
    enough = segments.MAX_BYTES // size + 1

    cut = push(collector, PartitionStart(chain(TOPIC), 0), *[row] * enough)

    assert len(cut) == 1


@given(
    kinds=st.lists(st.sampled_from(["row", "bad", "marker", "end", "later", "tick"]), max_size=60),
    rows=st.integers(1, 5),
    first=st.integers(0, 100),
)
def test_every_offset_is_in_exactly_one_segment(kinds: list[str], rows: int, first: int) -> None:
    clock = Clock()
    collector = logic(rows, clock)
    cut = push(collector, PartitionStart(chain(TOPIC), first))
    offset, sent_rows, sent_bad, at_us = first, [], [], START_US
    for kind in kinds:
        if kind == "row":
            cut += push(collector, landed(offset, at_us))
            sent_rows.append(offset)
        elif kind == "bad":
            cut += push(collector, bad(offset))
            sent_bad.append(offset)
        elif kind == "end":
            cut += push(collector, PartitionEnd(chain(TOPIC), offset))
        elif kind == "later":
            at_us += HOUR_US
        elif kind == "tick":
            clock.now += AGE
            cut += collector.on_notify()[0]
        offset += kind in ("row", "bad", "marker")
    cut += push(collector, PartitionEnd(chain(TOPIC), offset))
    cut += collector.on_eof()[0]

    edges = [first, *(s.next_offset for s in cut)]
    assert [s.start_offset for s in cut] == edges[:-1]
    assert edges[-1] == offset
    assert [row.change.message.offset for s in cut for row in s.rows] == sent_rows
    assert [item.message.offset for s in cut for item in s.bad] == sent_bad
    assert all(s.next_offset > s.start_offset for s in cut)
    assert all(len({row.change.source_ts_us // HOUR_US for row in s.rows}) <= 1 for s in cut)
