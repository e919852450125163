"""The one source and the one sink of the dataflows.

The source gives each worker one consumer over many partitions: reader k reads partition k of every topic
of the flow. Its positions are the flow's recovery state; once everything below them has been written they
are also committed to the consumer group contrail-<flow>, where any Kafka tool can see them.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from pipelines.cluster import chains_of, client_config, first_offset
from pipelines.config import PipelineError
from pipelines.metrics import COMMIT_FAILURES, LAG
from pipelines.records import Chain, OutgoingMessage, PartitionEnd, PartitionStart, RawMessage
from pipelines.topics import LARGEST_DEAD_LETTER_BYTES

MAX_BATCH = 1_000  # messages taken at once: what is there is taken, nothing is waited for
GIVE_UP_AFTER_SECONDS = 30.0  # a broker restarts in 3 s; after this the supervisor restarts the flow
PROBE_TIMEOUT_SECONDS = 5.0
DELIVERY_TIMEOUT_SECONDS = 30.0
LAG_EVERY_SECONDS = 1.0
QUEUED_KILOBYTES = 16_384  # fetched ahead per consumer: bounds memory while Postgres is slow

Incoming = RawMessage | PartitionStart | PartitionEnd
Positions = dict[str, tuple[str, int]]  # topic -> (topic id, next offset)


def group_of(flow: str) -> str:
    return f"contrail-{flow}"


class KafkaSource(FixedPartitionedSource[Any, Positions]):
    """Reads `topics` from where the recovery state, or else `start_at`, or else the beginning says.

    With `marks`, PartitionStart and PartitionEnd come among the messages: offsets alone do not say where a
    partition was read to, because transaction markers take offsets too. A flow that keeps its positions
    elsewhere passes `start_at` and publishes nothing to the consumer group. Items are RawMessage,
    or with marks Incoming.
    """

    def __init__(
        self,
        bootstrap: str,
        flow: str,
        topics: Sequence[str],
        *,
        marks: bool = False,
        start_at: Mapping[Chain, int] | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._flow = flow
        self._topics = topics
        self._marks = marks
        self._start_at = start_at

    def list_parts(self) -> list[str]:
        chains = chains_of(self._bootstrap, self._topics)
        return sorted({str(chain.partition) for chain in chains}, key=int)

    def build_part(self, step_id: str, for_part: str, resume_state: Positions | None) -> "KafkaReader":
        partition = int(for_part)
        chains = [c for c in chains_of(self._bootstrap, self._topics) if c.partition == partition]
        reader = KafkaReader(self._bootstrap, self._flow, self._marks, commits=self._start_at is None)
        reader.assign({chain: self._resume(chain, resume_state or {}) for chain in chains})
        return reader

    def _resume(self, chain: Chain, state: Positions) -> int | None:
        """The next offset to read, or None for the beginning. A re-created topic begins again."""
        if self._start_at is not None:
            return self._start_at.get(chain)
        topic_id, offset = state.get(chain.topic, (None, None))
        return offset if topic_id == chain.topic_id else None


class KafkaReader(StatefulSourcePartition[Incoming, Positions]):
    """One consumer and its positions."""

    def __init__(self, bootstrap: str, flow: str, marks: bool, *, commits: bool) -> None:
        self._bootstrap = bootstrap
        self._flow = flow
        self._marks = marks
        self._commits = commits
        self._chains: dict[tuple[str, int], Chain] = {}
        self._positions: dict[Chain, int] = {}
        self._written: dict[Chain, int] = {}
        self._committed: dict[Chain, int] = {}
        self._pending: list[Incoming] = []
        self._down_since: float | None = None
        self._fatal: KafkaError | None = None
        self._lag_due = 0.0
        self._consumer = Consumer(
            {
                **client_config(bootstrap),
                "group.id": group_of(flow),
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "check.crcs": True,
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 5,
                "queued.max.messages.kbytes": QUEUED_KILOBYTES,
                "error_cb": self._on_error,
                "on_commit": self._on_commit,
            }
        )

    def assign(self, starts: Mapping[Chain, int | None]) -> None:
        """Begin reading each chain at its offset, or at its first offset where none is known."""
        for chain, start in starts.items():
            offset = start if start is not None else first_offset(self._consumer, chain)
            self._chains[chain.topic, chain.partition] = chain
            self._positions[chain] = offset
            if self._marks:
                self._pending.append(PartitionStart(chain, offset))
        self._written = dict(self._positions)
        self._consumer.assign(_topic_partitions(self._positions))

    def next_batch(self) -> list[Incoming]:
        self._check_broker()
        batch, self._pending = self._pending, []
        for message in self._consumer.consume(MAX_BATCH, 0):
            self._take(message, batch)
            self._down_since = None
        self._measure_lag()
        return batch

    def snapshot(self) -> Positions:
        """Positions for recovery. Bytewax reads on only when the epoch before this one has gone through
        every step, so what the previous snapshot said is written by now and may be published."""
        if self._commits:
            self._publish(self._written)
        self._written = dict(self._positions)
        return {chain.topic: (chain.topic_id, offset) for chain, offset in self._positions.items()}

    def close(self) -> None:
        self._consumer.close()

    def _take(self, message: Message, batch: list[Incoming]) -> None:
        error = message.error()
        chain = self._chain_of(message)
        offset = message.offset()
        if error is not None and error.code() == KafkaError._PARTITION_EOF and offset is not None:
            if self._marks:
                batch.append(PartitionEnd(chain, offset))
            self._positions[chain] = max(self._positions[chain], offset)
            return
        if error is not None or offset is None:
            raise PipelineError(_reading_failed(chain, self._positions[chain], error))
        batch.append(
            RawMessage(
                chain,
                offset,
                message.key(),
                message.value(),
                max(0, message.timestamp()[1]) * 1000,
                _headers_of(message),
            )
        )
        self._positions[chain] = offset + 1

    def _chain_of(self, message: Message) -> Chain:
        chain = self._chains.get((message.topic() or "", message.partition() or 0))
        if chain is None:
            raise PipelineError(f"reading from Kafka at {self._bootstrap} failed: {message.error()}")
        return chain

    def _check_broker(self) -> None:
        if self._fatal is not None:
            raise PipelineError(f"Kafka at {self._bootstrap} refused the flow: {self._fatal.str()}")
        if self._down_since is None or time.monotonic() - self._down_since < GIVE_UP_AFTER_SECONDS:
            return
        try:
            self._consumer.list_topics(timeout=PROBE_TIMEOUT_SECONDS)
        except KafkaException as error:
            raise PipelineError(
                f"Kafka at {self._bootstrap} has been away for {GIVE_UP_AFTER_SECONDS:.0f} s: is it up?"
            ) from error
        self._down_since = None

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and self._down_since is None:
            self._down_since = time.monotonic()

    def _publish(self, positions: dict[Chain, int]) -> None:
        """Show the positions to the world. Nothing resumes from them, so a failure is counted, not raised."""
        changed = {chain: at for chain, at in positions.items() if self._committed.get(chain) != at}
        if not changed or self._down_since is not None:
            return
        self._consumer.commit(offsets=_topic_partitions(changed), asynchronous=True)
        self._committed.update(changed)

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        if error is None and not any(p.error for p in partitions):
            return
        COMMIT_FAILURES.labels(self._flow).inc()
        self._committed.clear()  # published again with the next snapshot

    def _measure_lag(self) -> None:
        if time.monotonic() < self._lag_due:
            return
        self._lag_due = time.monotonic() + LAG_EVERY_SECONDS
        for chain, position in self._positions.items():
            where = TopicPartition(chain.topic, chain.partition)
            _, high = self._consumer.get_watermark_offsets(where, cached=True)
            LAG.labels(self._flow, chain.topic, chain.partition).set(max(0, high - position))


class CheckedProducer:
    """A producer that returns from `send` only when Kafka has acknowledged every message."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._failures: list[str] = []
        self._delivered = 0
        self._producer = Producer(
            {
                **client_config(bootstrap),
                "enable.idempotence": True,
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 0,
                "delivery.timeout.ms": int(DELIVERY_TIMEOUT_SECONDS * 1000),
                "topic.metadata.propagation.max.ms": 5_000,  # every topic was ensured before any flow started
                "message.max.bytes": LARGEST_DEAD_LETTER_BYTES,
            }
        )

    def send(self, messages: Sequence[OutgoingMessage]) -> None:
        """Deliver all, in order. Raises PipelineError unless every delivery was confirmed."""
        if not messages:
            return
        self._failures, self._delivered = [], 0
        for message in messages:
            self._produce(message)
        unsent = self._producer.flush(DELIVERY_TIMEOUT_SECONDS)
        if unsent or self._failures or self._delivered != len(messages):
            reason = self._failures[0] if self._failures else "no answer"
            share = f"{self._delivered} of {len(messages)} messages"
            raise PipelineError(f"Kafka at {self._bootstrap} confirmed {share}: {reason}")

    def _produce(self, message: OutgoingMessage) -> None:
        def enqueue() -> None:
            self._producer.produce(
                message.topic,
                value=message.value,
                key=message.key,
                headers=list(message.headers),
                on_delivery=self._on_delivery,
            )

        try:
            enqueue()
        except BufferError:  # the local queue is full: wait for deliveries, once
            self._producer.flush(DELIVERY_TIMEOUT_SECONDS)
            enqueue()

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self._delivered += 1
        else:
            self._failures.append(f"{message.topic()}: {error.str()}")


class KafkaSink(DynamicSink[OutgoingMessage]):
    """Delivers every message before the epoch can close, or stops the flow."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "KafkaSinkPartition":
        return KafkaSinkPartition(CheckedProducer(self._bootstrap).send)


class KafkaSinkPartition(StatelessSinkPartition[OutgoingMessage]):
    """The part of the sink one worker writes."""

    def __init__(self, send: Callable[[Sequence[OutgoingMessage]], None]) -> None:
        self._send = send

    def write_batch(self, items: list[OutgoingMessage]) -> None:
        self._send(items)


def _topic_partitions(positions: Mapping[Chain, int]) -> list[TopicPartition]:
    return [TopicPartition(chain.topic, chain.partition, offset) for chain, offset in positions.items()]


def _headers_of(message: Message) -> tuple[tuple[str, bytes], ...]:
    headers = message.headers()
    if not headers:
        return ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return tuple((str(name), value if isinstance(value, bytes) else b"") for name, value in pairs)


def _reading_failed(chain: Chain, position: int, error: KafkaError | None) -> str:
    if error is not None and error.code() == KafkaError._AUTO_OFFSET_RESET:
        return (
            f"offset {position} of {chain.topic} partition {chain.partition} is no longer in Kafka: messages "
            "were lost to retention, so rebuild what this flow writes and remove its recovery folder"
        )
    return f"reading {chain.topic} partition {chain.partition} at offset {position} failed: {error}"
