"""The heartbeat's way through capture: written in Postgres, read back from Kafka."""

import json
import time
from datetime import datetime
from types import TracebackType
from typing import Self

import psycopg
from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition

from connect.settings import HEARTBEAT_TOPIC, Settings

BEAT = """
insert into app.heartbeat (id, beat_at) values (1, clock_timestamp())
on conflict (id) do update set beat_at = excluded.beat_at
returning beat_at
"""
METADATA_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.1
PARTITION = 0


class KafkaUnreachable(RuntimeError):
    """The broker or the heartbeat topic could not be read."""


def beat(settings: Settings) -> datetime:
    """Write one heartbeat as the capture role, the way the connector does; returns its time."""
    with psycopg.connect(settings.dsn()) as connection:
        row = connection.execute(BEAT).fetchone()
    assert row is not None
    written: datetime = row[0]
    return written


class HeartbeatReader:
    """Reads contrail.app.heartbeat from the moment it is made; remembers the newest beat it saw."""

    def __init__(self, settings: Settings) -> None:
        self.newest: datetime | None = None
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "group.id": "contrail-heartbeat-reader",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "check.crcs": True,
                "fetch.queue.backoff.ms": 5,
            }
        )
        try:
            # Resolved now: an offset of "end" would be looked up at the first fetch, after the beat.
            _, end = self._consumer.get_watermark_offsets(
                TopicPartition(HEARTBEAT_TOPIC, PARTITION), timeout=METADATA_TIMEOUT_SECONDS
            )
        except KafkaException as error:
            self._consumer.close()
            raise KafkaUnreachable(f"cannot read {HEARTBEAT_TOPIC}: {error.args[0].str()}") from error
        self._consumer.assign([TopicPartition(HEARTBEAT_TOPIC, PARTITION, end)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._consumer.close()

    def read(self) -> datetime | None:
        """Take in what has arrived since the last call; the newest beat seen so far."""
        message = self._consumer.poll(POLL_SECONDS)
        while message is not None:
            self._take(message)
            message = self._consumer.poll(0)
        return self.newest

    def wait_for(self, beat_at: datetime, limit_seconds: float) -> bool:
        """Whether a beat at least as new as `beat_at` arrives within the limit."""
        deadline = time.monotonic() + limit_seconds
        while self.newest is None or self.newest < beat_at:
            if time.monotonic() > deadline:
                return False
            self.read()
        return True

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            if (
                error.code() == KafkaError.OFFSET_OUT_OF_RANGE
                or error.code() == KafkaError._AUTO_OFFSET_RESET
            ):
                # The topic was made anew: its past is of no interest here.
                self._consumer.assign([TopicPartition(HEARTBEAT_TOPIC, PARTITION, OFFSET_END)])
                return
            if error.fatal():
                raise KafkaUnreachable(f"cannot read {HEARTBEAT_TOPIC}: {error.str()}")
            return
        value = message.value()
        if value is None:
            return
        after = json.loads(value)["after"]
        beat_at = datetime.fromisoformat(after["beat_at"])
        if self.newest is None or beat_at > self.newest:
            self.newest = beat_at
