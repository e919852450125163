"""The source and the sink on a real broker: nothing read twice, nothing skipped, nothing undelivered."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from pipelines.cluster import chains_of, end_offsets
from pipelines.config import PipelineError, Settings
from pipelines.kafka import CheckedProducer, Incoming, KafkaReader, KafkaSource, Positions
from pipelines.positions import group_positions
from pipelines.records import Chain, OutgoingMessage, PartitionEnd, PartitionStart, RawMessage

pytestmark = pytest.mark.stack

FLOW = "availability"
LIMIT_SECONDS = 30


@pytest.fixture
def topic(kafka: Settings) -> str:
    """A topic of one partition for one test."""
    name = f"test.{uuid4().hex[:12]}"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])[name].result(30)
    return name


def chain_of(kafka: Settings, topic: str) -> Chain:
    (chain,) = chains_of(kafka.bootstrap, [topic])
    return chain


def produce(kafka: Settings, topic: str, *values: bytes, commit: bool = True) -> None:
    """One transaction, with the marker that ends it."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": uuid4().hex})
    producer.init_transactions(30)
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, key=b"k")
    producer.flush(30)
    if commit:
        producer.commit_transaction(30)
    else:
        producer.abort_transaction(30)


def reader(kafka: Settings, topic: str, state: Positions | None = None, marks: bool = True) -> KafkaReader:
    return KafkaSource(kafka.bootstrap, FLOW, [topic], marks=marks).build_part("source", "0", state)


def read_until(part: KafkaReader, done: Callable[[list[Incoming]], bool]) -> list[Incoming]:
    items: list[Incoming] = []
    deadline = time.monotonic() + LIMIT_SECONDS
    while not done(items):
        assert time.monotonic() < deadline, f"waited {LIMIT_SECONDS} s, read {items}"
        items += part.next_batch()
    return items


def at_end(offset: int) -> Callable[[list[Incoming]], bool]:
    return lambda items: any(isinstance(item, PartitionEnd) and item.offset == offset for item in items)


def values(items: list[Incoming]) -> list[bytes | None]:
    return [item.value for item in items if isinstance(item, RawMessage)]


def test_only_committed_messages_are_read_and_the_end_lies_behind_the_markers(
    kafka: Settings, topic: str
) -> None:
    produce(kafka, topic, b"1", b"2")
    produce(kafka, topic, b"aborted", commit=False)
    produce(kafka, topic, b"3")
    chain = chain_of(kafka, topic)
    end = end_offsets(kafka.bootstrap, [chain])[chain]

    part = reader(kafka, topic)
    items = read_until(part, at_end(end))

    assert end == 7  # four messages and three markers
    assert items[0] == PartitionStart(chain, 0)
    assert values(items) == [b"1", b"2", b"3"]
    assert part.snapshot() == {topic: (chain.topic_id, 7)}
    part.close()


def test_a_reader_goes_on_where_its_snapshot_was_taken(kafka: Settings, topic: str) -> None:
    produce(kafka, topic, b"1", b"2")
    first = reader(kafka, topic)
    read_until(first, at_end(3))
    state = first.snapshot()
    first.close()
    produce(kafka, topic, b"3")

    again = reader(kafka, topic, state)

    assert values(read_until(again, at_end(5))) == [b"3"]
    again.close()


def test_a_topic_made_again_is_read_from_its_beginning(kafka: Settings, topic: str) -> None:
    produce(kafka, topic, b"1", b"2")

    part = reader(kafka, topic, {topic: ("another-incarnation", 3)})

    assert values(read_until(part, at_end(3))) == [b"1", b"2"]
    part.close()


def test_an_offset_kafka_no_longer_has_stops_the_flow(kafka: Settings, topic: str) -> None:
    produce(kafka, topic, b"1", b"2", b"3")
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for deleted in admin.delete_records([TopicPartition(topic, 0, 2)]).values():
        deleted.result(30)

    part = reader(kafka, topic, {topic: (chain_of(kafka, topic).topic_id, 1)})

    with pytest.raises(PipelineError, match="no longer in Kafka"):
        read_until(part, at_end(4))
    part.close()


def test_a_position_is_published_only_after_the_next_epoch_began(kafka: Settings, topic: str) -> None:
    produce(kafka, topic, b"1")
    chain = chain_of(kafka, topic)
    part = reader(kafka, topic, marks=False)
    read_until(part, lambda items: values(items) == [b"1"] and part._positions[chain] == 2)

    part.snapshot()  # the epoch with the message ends: its writes may still be on their way
    assert group_positions(kafka.bootstrap, FLOW, [chain]).get(chain, 0) == 0
    part.snapshot()  # one epoch later they are not
    read_until(part, lambda _: group_positions(kafka.bootstrap, FLOW, [chain]).get(chain) == 2)
    part.close()


def test_a_missing_topic_is_one_clear_sentence(kafka: Settings) -> None:
    with pytest.raises(PipelineError, match=r"pipelines\.topics ensure"):
        KafkaSource(kafka.bootstrap, FLOW, ["no.such.topic"]).list_parts()


def test_the_producer_returns_when_everything_is_delivered(kafka: Settings, topic: str) -> None:
    producer = CheckedProducer(kafka.bootstrap)

    producer.send([OutgoingMessage(topic, b"k", b"%d" % n, (("reason", b"x"),)) for n in range(500)])

    part = reader(kafka, topic)
    items = read_until(part, at_end(500))
    assert values(items) == [b"%d" % n for n in range(500)]
    assert isinstance(items[1], RawMessage)
    assert items[1].headers == (("reason", b"x"),)
    part.close()


def test_what_is_not_delivered_stops_the_flow(kafka: Settings, topic: str) -> None:
    producer = CheckedProducer(kafka.bootstrap)

    with pytest.raises(PipelineError, match="confirmed 1 of 2"):
        producer.send([OutgoingMessage(topic, b"k", b"v"), OutgoingMessage("no.such.topic", b"k", b"v")])
