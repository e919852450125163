"""The records that travel between the steps of a flow."""

from typing import NamedTuple

import msgspec


class Chain(NamedTuple):
    """One partition of one incarnation of a topic: a re-created topic has another id and starts at 0."""

    topic: str
    topic_id: str
    partition: int

    @property
    def stem(self) -> str:
        return f"{self.topic}-{self.topic_id}-{self.partition}"


class RawMessage(msgspec.Struct, frozen=True, gc=False):
    """A message as Kafka gave it."""

    chain: Chain
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_us: int
    headers: tuple[tuple[str, bytes], ...] = ()


class PartitionStart(msgspec.Struct, frozen=True, gc=False):
    """Reading of a partition begins at `offset`."""

    chain: Chain
    offset: int


class PartitionEnd(msgspec.Struct, frozen=True, gc=False):
    """Everything below `offset` has been read, transaction markers included."""

    chain: Chain
    offset: int


class BadMessage(msgspec.Struct, frozen=True, gc=False):
    """A message no flow can use, and why."""

    message: RawMessage
    reason: str


class OutgoingMessage(msgspec.Struct, frozen=True, gc=False):
    """A message to be delivered, and checked."""

    topic: str
    key: bytes
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Change(msgspec.Struct, frozen=True, gc=False):
    """One committed change of one row, out of Debezium's envelope. Times are microseconds since 1970."""

    message: RawMessage
    table: str
    op: str
    is_snapshot: bool
    pk: str
    lsn: int | None
    tx_id: int | None
    source_ts_us: int
    connector_ts_us: int
    before: str | None
    after: str | None
