"""Where a committed change is seen next: in Kafka, and by a listener of live.availability."""

import threading
import time
from uuid import UUID

import msgspec
import psycopg
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from deploy.bench.runner import BenchFailed
from deploy.local.settings import StackSettings

TOPIC = "contrail.app.cabin_inventories"
CHANNEL = "availability"
POLL_SECONDS = 0.1
METADATA_LIMIT_SECONDS = 10.0
BATCH = 10_000
JOIN_LIMIT_SECONDS = 10.0


class Source(msgspec.Struct, frozen=True):
    ts_us: int


class Row(msgspec.Struct, frozen=True):
    id: UUID


class Envelope(msgspec.Struct, frozen=True):
    """What the bench needs of a change event: which row, and when its transaction committed."""

    source: Source
    after: Row


_decode = msgspec.json.Decoder(Envelope).decode


def consumer_at_end(settings: StackSettings) -> Consumer:
    """A reader of committed records that starts after everything that is in the topic now."""
    consumer = Consumer(
        {
            "bootstrap.servers": f"{settings.host}:{settings.ports.kafka}",
            "group.id": "contrail-bench",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "fetch.queue.backoff.ms": 5,
        }
    )
    partitions = consumer.list_topics(TOPIC, METADATA_LIMIT_SECONDS).topics[TOPIC].partitions
    places = [TopicPartition(TOPIC, number) for number in partitions]
    for place in places:
        place.offset = consumer.get_watermark_offsets(place)[1]
    consumer.assign(places)
    return consumer


class InKafka:
    """Commit and arrival of each row's change in its topic, read beside the measurement."""

    def __init__(self, settings: StackSettings) -> None:
        self._consumer = consumer_at_end(settings)
        self._seen: dict[UUID, tuple[float, float]] = {}
        self._stopping = threading.Event()
        self._failure: str | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def of(self, row_id: UUID) -> tuple[float, float] | None:
        """(committed, arrived) of the row's latest change, in seconds since 1970."""
        if self._failure is not None:
            raise BenchFailed(self._failure)
        return self._seen.get(row_id)

    def forget(self) -> None:
        self._seen.clear()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(JOIN_LIMIT_SECONDS)
        self._consumer.close()

    def _read(self) -> None:
        while not self._stopping.is_set():
            message = self._consumer.poll(POLL_SECONDS)
            if message is None:
                continue
            now = time.time()
            if message.error() is not None:
                self._failure = f"Kafka could not be read: {message.error()}"
                return
            change = _decode(_value(message))
            self._seen[change.after.id] = (change.source.ts_us / 1e6, now)


class InAvailability:
    """Arrival of each flight's notification, sent by the commit that wrote live.availability."""

    def __init__(self, settings: StackSettings) -> None:
        dsn = settings.dsn("core", "contrail", "app_rw", "app_rw_password")
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._connection.execute(f"listen {CHANNEL}")
        self._at: dict[UUID, float] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def of(self, flight_id: UUID) -> float | None:
        """Seconds since 1970 at which the flight's new availability was announced."""
        return self._at.get(flight_id)

    def forget(self) -> None:
        self._at.clear()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(JOIN_LIMIT_SECONDS)
        self._connection.close()

    def _read(self) -> None:
        while not self._stopping.is_set():
            for notification in self._connection.notifies(timeout=POLL_SECONDS):
                now = time.time()
                for flight_id in notification.payload.split(","):
                    self._at[UUID(flight_id)] = now


def drain_seconds(consumer: Consumer, count: int, limit_seconds: float) -> float:
    """Seconds from the first to the last of `count` changes that arrive in Kafka."""
    deadline = time.monotonic() + limit_seconds
    first: float | None = None
    arrived = 0
    while arrived < count:
        messages = consumer.consume(BATCH, POLL_SECONDS)
        now = time.monotonic()
        for message in messages:
            if message.error() is not None:
                raise KafkaException(message.error())
        if messages and first is None:
            first = now
        arrived += len(messages)
        if now > deadline:
            raise BenchFailed(f"{arrived} of {count} changes arrived in Kafka within {limit_seconds:.0f} s")
    if first is None or arrived > count:
        raise BenchFailed(f"{arrived} changes arrived in Kafka where {count} were made")
    return now - first


def _value(message: Message) -> bytes:
    value = message.value()
    if value is None:
        raise BenchFailed("a change event in Kafka has no value")
    return bytes(value)
