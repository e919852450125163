"""The columns of the change log, and the row a change becomes."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
import pyarrow as pa

from pipelines.envelope import UNREADABLE
from pipelines.records import BadMessage, Change

_TIME = pa.timestamp("us", tz="UTC")

SCHEMA = pa.schema(
    [
        pa.field("topic_id", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("kpart", pa.int32(), nullable=False),
        pa.field("koffset", pa.int64(), nullable=False),
        pa.field("src_table", pa.string(), nullable=False),
        pa.field("op", pa.string(), nullable=False),
        pa.field("is_snapshot", pa.bool_(), nullable=False),
        pa.field("pk", pa.string(), nullable=False),
        pa.field("lsn", pa.int64()),
        pa.field("tx_id", pa.int64()),
        pa.field("source_ts", _TIME, nullable=False),
        pa.field("connector_ts", _TIME, nullable=False),
        pa.field("kafka_ts", _TIME, nullable=False),
        pa.field("landed_at", _TIME, nullable=False),
        pa.field("before", pa.string()),
        pa.field("after", pa.string()),
        pa.field("schema_fp", pa.string(), nullable=False),
    ]
)


class LandedChange(msgspec.Struct, frozen=True, gc=False):
    """A change and the fingerprint of its columns."""

    change: Change
    schema_fp: str


_decode_columns = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Fingerprints:
    """Names the shape of each row: sixteen hex digits over the table and its columns in order."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], str] = {}

    def land(self, item: Change | BadMessage) -> LandedChange | BadMessage:
        if isinstance(item, BadMessage):
            return item
        row = item.after if item.after is not None else item.before
        try:
            columns = tuple(_decode_columns(row or "{}"))
        except UNREADABLE as error:
            return BadMessage(item.message, f"the row is not an object: {error}")
        shape = (item.table, *columns)
        fingerprint = self._known.get(shape)
        if fingerprint is None:
            fingerprint = self._known[shape] = fingerprint_of(item.table, columns)
        return LandedChange(item, fingerprint)


def fingerprint_of(table: str, columns: Sequence[str]) -> str:
    return hashlib.sha256(msgspec.json.encode([table, *columns])).hexdigest()[:16]


def columns_of(change: Change) -> list[str]:
    return list(_decode_columns((change.after if change.after is not None else change.before) or "{}"))


def table_of(rows: Sequence[LandedChange], landed_at: datetime) -> pa.Table:
    """The rows as an Arrow table of SCHEMA, in the order of their offsets."""
    changes = [row.change for row in rows]
    columns: list[list[object]] = [
        [c.message.chain.topic_id for c in changes],
        [c.message.chain.topic for c in changes],
        [c.message.chain.partition for c in changes],
        [c.message.offset for c in changes],
        [c.table for c in changes],
        [c.op for c in changes],
        [c.is_snapshot for c in changes],
        [c.pk for c in changes],
        [c.lsn for c in changes],
        [c.tx_id for c in changes],
        [c.source_ts_us for c in changes],
        [c.connector_ts_us for c in changes],
        [c.message.timestamp_us for c in changes],
        [landed_at] * len(changes),
        [c.before for c in changes],
        [c.after for c in changes],
        [row.schema_fp for row in rows],
    ]
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
