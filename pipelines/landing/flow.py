"""Every captured table -> the Parquet lake and its manifest."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from pipelines import metrics
from pipelines.config import Settings
from pipelines.dead_letters import addressed_by
from pipelines.envelope import decode
from pipelines.kafka import CheckedProducer, Incoming, KafkaSource
from pipelines.landing.lake import Lake
from pipelines.landing.rows import Fingerprints
from pipelines.landing.segments import Cuts, Landing, Segment, SegmentLogic
from pipelines.records import BadMessage, OutgoingMessage, RawMessage
from pipelines.topics import CDC

FLOW = "landing"

Deliver = Callable[[Sequence[OutgoingMessage]], None]


def flow(settings: Settings) -> Dataflow:
    """The flow as it runs. It resumes from the manifest and from nothing else."""
    lake = Lake(settings.lake, settings.lake_floor_mb)
    cuts = Cuts(settings.landing_flush_rows, timedelta(seconds=settings.landing_flush_seconds))
    return build(
        KafkaSource(settings.bootstrap, FLOW, CDC, marks=True, start_at=lake.positions()),
        cuts,
        LakeSink(lake, CheckedProducer(settings.bootstrap).send),
    )


def build(source: Source[Incoming], cuts: Cuts, sink: "LakeSink") -> Dataflow:
    fingerprints = Fingerprints()

    def read(batch: list[Incoming]) -> list[tuple[str, Landing]]:
        return [_keyed(fingerprints, item) for item in batch]

    def collect(state: None) -> SegmentLogic:
        return SegmentLogic(cuts, lambda: datetime.now(UTC))

    dataflow = Dataflow(FLOW)
    messages = op.input("changes", dataflow, source)
    # RawMessage | PartitionStart | PartitionEnd
    landings = op.flat_map_batch("decode", messages, read)
    # (chain, LandedChange | BadMessage | PartitionStart | PartitionEnd)
    segments = op.stateful_batch("collect", landings, collect)
    # (chain, Segment)
    op.output("lake", op.key_rm("segment", segments), sink)
    return dataflow


def _keyed(fingerprints: Fingerprints, item: Incoming) -> tuple[str, Landing]:
    if isinstance(item, RawMessage):
        return item.chain.stem, fingerprints.land(decode(item))
    return item.chain.stem, item


class LakeSink(DynamicSink[Segment]):
    """Writes segments; the lake has one writer."""

    def __init__(self, lake: Lake, deliver: Deliver) -> None:
        self._lake = lake
        self._deliver = deliver

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "LakeSinkPartition":
        return LakeSinkPartition(self._lake, self._deliver)


class LakeSinkPartition(StatelessSinkPartition[Segment]):
    """The part of the sink one worker writes."""

    def __init__(self, lake: Lake, deliver: Deliver) -> None:
        self._lake = lake
        self._deliver = deliver
        self._address: Callable[[list[BadMessage]], list[OutgoingMessage]] = addressed_by(FLOW)

    def write_batch(self, items: list[Segment]) -> None:
        for segment in items:
            # The dead letters first: once the line is written, nobody reads these offsets again.
            self._deliver(self._address(segment.bad))
            self._lake.write(segment)
            metrics.count_written(FLOW, [row.change for row in segment.rows])
