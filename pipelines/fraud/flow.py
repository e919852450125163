"""contrail.app.domain_events -> live.fraud_signals, live.fraud_scores and contrail.fraud.alerts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeGuard, cast

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.outputs import Sink

from pipelines import metrics
from pipelines.config import Settings
from pipelines.dead_letters import addressed_by
from pipelines.envelope import decode
from pipelines.events import DomainEvent, domain_event
from pipelines.fraud.observations import WATCHED, Sighting, sightings_of
from pipelines.fraud.rules import RuleBook, is_watched
from pipelines.fraud.store import FLOW, Rules, SignalTable
from pipelines.fraud.watch import EntityWatch, Memory, Raised
from pipelines.kafka import KafkaSink, KafkaSource
from pipelines.postgres import LiveDatabase
from pipelines.records import BadMessage, OutgoingMessage, RawMessage
from pipelines.topics import DOMAIN_EVENTS


def flow(settings: Settings) -> Dataflow:
    """The flow as it runs: Kafka in, Postgres, alerts and dead letters out."""
    database = LiveDatabase(settings.live_dsn, FLOW)
    return build(
        KafkaSource(settings.bootstrap, FLOW, [DOMAIN_EVENTS]),
        Rules(database),
        SignalTable(database).write,
        KafkaSink(settings.bootstrap),
    )


def build(
    source: Source[RawMessage],
    rules: Callable[[], RuleBook],
    write: Callable[[list[Raised]], list[OutgoingMessage]],
    sink: Sink[OutgoingMessage],
) -> Dataflow:
    def watch(memory: Memory | None) -> EntityWatch:
        return EntityWatch(rules, lambda: datetime.now(UTC), memory)

    dataflow = Dataflow(FLOW)
    messages = op.input("domain_events", dataflow, source)
    # RawMessage
    read_items = op.flat_map_batch("decode", messages, read)
    # Sighting | BadMessage
    readable = op.branch("readable", read_items, is_sighting)
    # Sighting; BadMessage
    by_entity = op.key_on("entity", readable.trues, entity_key)
    # (entity, Sighting)
    raised = op.stateful_batch("watch", by_entity, watch)
    # (entity, Raised)
    alerts = op.flat_map_batch("write", op.key_rm("raised", raised), write)
    # OutgoingMessage
    letters = op.flat_map_batch("address", cast(Stream[BadMessage], readable.falses), addressed_by(FLOW))
    # OutgoingMessage
    op.output("alerts_and_dead_letters", op.merge("outgoing", alerts, letters), sink)
    return dataflow


def read(messages: list[RawMessage]) -> list[Sighting | BadMessage]:
    """Each watched event at each of its entities, and the messages nobody can read."""
    items: list[Sighting | BadMessage] = []
    for message in messages:
        event = domain_event(decode(message), WATCHED)
        result = sightings_of(event) if isinstance(event, DomainEvent) else event
        if isinstance(event, DomainEvent):
            metrics.note_last_event(FLOW, event.change.source_ts_us)
        if isinstance(result, BadMessage):
            items.append(result)
        elif result is not None:
            items.extend(sighting for sighting in result if is_watched(sighting))
    return items


def is_sighting(item: Sighting | BadMessage) -> TypeGuard[Sighting]:
    return isinstance(item, Sighting)


def entity_key(sighting: Sighting) -> str:
    return f"{sighting.entity.kind}:{sighting.entity.key}"
