"""contrail.app.cabin_inventories -> live.availability."""

from collections.abc import Callable

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink

from pipelines.availability.inventory import InventoryChange, inventory_change
from pipelines.availability.store import FLOW, AvailabilityTable
from pipelines.config import Settings
from pipelines.dead_letters import addressed_by
from pipelines.envelope import decode
from pipelines.kafka import KafkaSink, KafkaSource
from pipelines.postgres import LiveDatabase
from pipelines.records import BadMessage, OutgoingMessage, RawMessage
from pipelines.topics import CABIN_INVENTORIES

Write = Callable[[list[InventoryChange | BadMessage]], list[BadMessage]]


def flow(settings: Settings) -> Dataflow:
    """The flow as it runs: Kafka in, Postgres and dead letters out."""
    return build(
        KafkaSource(settings.bootstrap, FLOW, [CABIN_INVENTORIES]),
        AvailabilityTable(LiveDatabase(settings.live_dsn, FLOW)).write,
        KafkaSink(settings.bootstrap),
    )


def build(source: Source[RawMessage], write: Write, sink: Sink[OutgoingMessage]) -> Dataflow:
    dataflow = Dataflow(FLOW)
    messages = op.input("cabin_inventories", dataflow, source)
    # RawMessage
    changes = op.flat_map_batch("decode", messages, read)
    # InventoryChange | BadMessage
    refused = op.flat_map_batch("write", changes, write)
    # BadMessage
    letters = op.flat_map_batch("address", refused, addressed_by(FLOW))
    # OutgoingMessage
    op.output("dead_letters", letters, sink)
    return dataflow


def read(messages: list[RawMessage]) -> list[InventoryChange | BadMessage]:
    return [inventory_change(decode(message)) for message in messages]
