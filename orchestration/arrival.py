"""Owns the wait for everything committed before a moment: a heartbeat, Kafka's end offsets, the manifest."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from orchestration.manifest import tails
from orchestration.resources import Settings

HEARTBEAT_TOPIC = "contrail.app.heartbeat"
CAPTURED_PREFIXES = ("contrail.app.", "contrail.live.")

# The connector's own heartbeat is row 1; a row of its own lets no one wait for another's beat.
HEARTBEAT_ID = 2

# Landing flushes every 30 s and a killed connector is back within 20 s: four times that is a fault.
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.2
KAFKA_TIMEOUT_SECONDS = 30.0

Offsets = dict[tuple[str, int], int]


class NothingArrives(Exception):
    """What was committed did not reach the lake, and for too long nothing has moved."""


def wait_for_everything_committed(settings: Settings) -> None:
    """Return once all that was committed before the call is in the lake. Raises NothingArrives."""
    consumer = _consumer(settings)
    try:
        ends = _assign_to_end(consumer, HEARTBEAT_TOPIC)
        beat = write_heartbeat(settings)
        _wait_for_beat(consumer, beat, ends)
    finally:
        consumer.close()
    wait_for_landing(settings, end_offsets(settings))


def write_heartbeat(settings: Settings) -> datetime:
    """Commit a beat on the core and return its time."""
    with psycopg.connect(settings.heartbeat_dsn) as connection:
        row = connection.execute(
            """
            insert into app.heartbeat (id, beat_at) values (%s, clock_timestamp())
            on conflict (id) do update set beat_at = excluded.beat_at
            returning beat_at
            """,
            [HEARTBEAT_ID],
        ).fetchone()
    assert row is not None, "insert returning always returns"
    beat: datetime = row[0]
    return beat


def end_offsets(settings: Settings) -> Offsets:
    """The end of every captured topic partition, by (topic id, partition)."""
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    names = [
        name
        for name in admin.list_topics(timeout=KAFKA_TIMEOUT_SECONDS).topics
        if name.startswith(CAPTURED_PREFIXES)
    ]
    described = admin.describe_topics(TopicCollection(names), request_timeout=KAFKA_TIMEOUT_SECONDS)
    consumer = _consumer(settings)
    try:
        ends: Offsets = {}
        for name, future in described.items():
            topic = future.result(timeout=KAFKA_TIMEOUT_SECONDS)
            for partition in topic.partitions:
                place = TopicPartition(name, partition.id)
                _, end = consumer.get_watermark_offsets(place, timeout=KAFKA_TIMEOUT_SECONDS)
                ends[_file_safe(str(topic.topic_id)), partition.id] = end
        return ends
    finally:
        consumer.close()


def wait_for_landing(settings: Settings, ends: Offsets, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Return once the manifest has passed `ends` everywhere. Raises NothingArrives after no progress."""

    def lagging() -> Offsets:
        landed = {key: line.next_offset for key, line in tails(settings.lake).items()}
        return {key: landed.get(key, 0) for key, end in ends.items() if landed.get(key, 0) < end}

    _until_empty(lagging, patience_seconds)


def _until_empty(lagging: Callable[[], Offsets], patience_seconds: float) -> None:
    seen = lagging()
    moved_at = time.monotonic()
    while seen:
        if time.monotonic() - moved_at > patience_seconds:
            raise NothingArrives(
                f"{len(seen)} topic partitions have not landed and nothing moved for "
                f"{patience_seconds:.0f} s: is the landing flow running?"
            )
        time.sleep(POLL_SECONDS)
        now = lagging()
        if now != seen:
            seen, moved_at = now, time.monotonic()


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": settings.kafka,
            "group.id": "orchestration-heartbeat",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "check.crcs": True,
        }
    )


def _assign_to_end(consumer: Consumer, topic: str) -> list[TopicPartition]:
    metadata = consumer.list_topics(topic, timeout=KAFKA_TIMEOUT_SECONDS).topics[topic]
    places = []
    for partition in metadata.partitions:
        place = TopicPartition(topic, partition)
        _, place.offset = consumer.get_watermark_offsets(place, timeout=KAFKA_TIMEOUT_SECONDS)
        places.append(place)
    consumer.assign(places)
    return places


def _wait_for_beat(consumer: Consumer, beat: datetime, places: list[TopicPartition]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        message = consumer.poll(POLL_SECONDS)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        if is_beat(message.value(), beat):
            return
    raise NothingArrives(
        f"the heartbeat did not reach {places[0].topic} within {PATIENCE_SECONDS:.0f} s: "
        "is the connector running?"
    )


def is_beat(value: bytes | None, beat: datetime) -> bool:
    """Whether a heartbeat message tells of `beat` or of a later one."""
    after: dict[str, Any] | None = json.loads(value or b"{}").get("after")
    if after is None or after["id"] != HEARTBEAT_ID:
        return False
    return datetime.fromisoformat(after["beat_at"]) >= beat


def _file_safe(topic_id: str) -> str:
    """The id as the manifest has it: Kafka's own base64 has no slashes, the client library's does."""
    return topic_id.replace("+", "-").replace("/", "_")
