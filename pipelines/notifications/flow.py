"""contrail.app.domain_events -> live.notification_requests."""

from collections.abc import Callable

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.outputs import Sink

from pipelines.config import Settings
from pipelines.dead_letters import addressed_by
from pipelines.envelope import decode
from pipelines.events import DomainEvent, domain_event
from pipelines.kafka import KafkaSink, KafkaSource
from pipelines.notifications.requests import NOTIFIED, NotificationRequest, request_of
from pipelines.notifications.store import FLOW, RequestTable
from pipelines.postgres import LiveDatabase
from pipelines.records import BadMessage, OutgoingMessage, RawMessage
from pipelines.topics import DOMAIN_EVENTS

Write = Callable[[list[NotificationRequest | BadMessage]], list[BadMessage]]


def flow(settings: Settings) -> Dataflow:
    """The flow as it runs: Kafka in, Postgres and dead letters out."""
    return build(
        KafkaSource(settings.bootstrap, FLOW, [DOMAIN_EVENTS]),
        RequestTable(LiveDatabase(settings.live_dsn, FLOW)).write,
        KafkaSink(settings.bootstrap),
    )


def build(source: Source[RawMessage], write: Write, sink: Sink[OutgoingMessage]) -> Dataflow:
    dataflow = Dataflow(FLOW)
    messages = op.input("domain_events", dataflow, source)
    # RawMessage
    requests = op.flat_map_batch("decode", messages, read)
    # NotificationRequest | BadMessage
    refused = op.flat_map_batch("write", requests, write)
    # BadMessage
    letters = op.flat_map_batch("address", refused, addressed_by(FLOW))
    # OutgoingMessage
    op.output("dead_letters", letters, sink)
    return dataflow


def read(messages: list[RawMessage]) -> list[NotificationRequest | BadMessage]:
    """The requests the messages ask for, and the messages nobody can read."""
    events = (domain_event(decode(message), NOTIFIED) for message in messages)
    return [request_of(e) if isinstance(e, DomainEvent) else e for e in events if e is not None]
