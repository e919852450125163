"""Landing as a whole, on lists: dead letters first, one copy of each message, and a test that can fail."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from bytewax.testing import TestingSink, TestingSource

from pipelines.config import PipelineError
from pipelines.kafka import Incoming
from pipelines.landing.audit import verify
from pipelines.landing.flow import LakeSink, build
from pipelines.landing.lake import Lake
from pipelines.landing.segments import Cuts, Segment
from pipelines.records import OutgoingMessage, PartitionEnd, PartitionStart
from tests.pipelines.landing.segments import TOPIC, bad
from tests.pipelines.messages import chain, envelope, raw, run

CUTS = Cuts(rows=4, age=timedelta(hours=1))


def stream(start: int, stop: int) -> list[Incoming]:
    """What Kafka gives from `start` on: a change at every offset, poison at each tenth."""
    messages = [
        raw(TOPIC, offset, b"poison" if offset % 10 == 9 else envelope("bookings", {"id": str(offset)}))
        for offset in range(start, stop)
    ]
    return [PartitionStart(chain(TOPIC), start), *messages, PartitionEnd(chain(TOPIC), stop + 1)]


def land(root: Path, items: Sequence[Incoming | TestingSource.ABORT], letters: list[OutgoingMessage]) -> None:
    lake = Lake(root, 0)
    try:
        run(build(TestingSource(items, batch_size=3), CUTS, LakeSink(lake, letters.extend)))
    finally:
        lake.close()


def offsets(root: Path) -> list[int]:
    paths = sorted(root.glob("change_log/**/*.parquet"))
    return [at for path in paths for at in pq.read_table(path, partitioning=None)["koffset"].to_pylist()]


def test_every_message_is_in_the_lake_or_among_the_dead_letters(tmp_path: Path) -> None:
    letters: list[OutgoingMessage] = []

    land(tmp_path, stream(0, 30), letters)

    assert offsets(tmp_path) == [offset for offset in range(30) if offset % 10 != 9]
    assert [dict(letter.headers)["offset"] for letter in letters] == [b"9", b"19", b"29"]
    report = verify(tmp_path)
    assert report.ok
    assert (report.chains[0].next_offset, report.rows, report.dead_letters) == (31, 27, 3)


def killed_and_started_again(root: Path) -> list[int]:
    """Land 30 messages, dying after every 7 or so, and each time again from where the manifest ends."""
    letters: list[OutgoingMessage] = []
    for _ in range(8):
        lake = Lake(root, 0)
        start = lake.positions().get(chain(TOPIC), 0)
        lake.close()
        if start >= 31:
            break
        items: list[Incoming | TestingSource.ABORT] = list(stream(start, 30))
        land(root, [*items[:8], TestingSource.ABORT(), *items[8:]] if len(items) > 9 else items, letters)
    return offsets(root)


def test_landing_that_dies_again_and_again_keeps_one_copy_of_each(tmp_path: Path) -> None:
    assert killed_and_started_again(tmp_path) == [offset for offset in range(30) if offset % 10 != 9]
    assert verify(tmp_path).ok


def test_negative_control_a_sink_that_only_appends_keeps_duplicates() -> None:
    """The same deaths without a manifest to resume from: this is what the test above can see."""
    kept: list[Segment] = []
    for _ in range(3):
        items: list[Incoming | TestingSource.ABORT] = [*stream(0, 30)]
        source = TestingSource([*items[:8], TestingSource.ABORT(), *items[8:]], batch_size=3)
        run(build(source, CUTS, TestingSink(kept)))  # type: ignore[arg-type]

    seen = [row.change.message.offset for segment in kept for row in segment.rows]

    assert len(seen) > len(set(seen))


def test_no_line_is_written_before_its_dead_letters_are_delivered(tmp_path: Path) -> None:
    def refuse(letters: Sequence[OutgoingMessage]) -> None:
        if letters:
            raise PipelineError("Kafka confirmed 0 of 1 messages")

    lake = Lake(tmp_path, 0)
    sink = LakeSink(lake, refuse).build("lake", 0, 1)
    poisoned = Segment(chain(TOPIC), 0, 1, [], [])
    poisoned.bad.append(bad(0))

    with pytest.raises(PipelineError):
        sink.write_batch([poisoned])

    assert lake.positions() == {}
    lake.close()
