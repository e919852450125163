"""Debezium's JSON envelope: bytes become a Change, or a BadMessage with its reason, never an exception."""

from typing import Annotated

import msgspec

from pipelines.records import BadMessage, Change, RawMessage
from pipelines.topics import topic_of

MAX_TS_US = 253_402_300_799_999_999  # the last microsecond of the year 9999: what timestamps can hold
MAX_INT64 = 2**63 - 1
OPERATIONS = frozenset("crud")

Microseconds = Annotated[int, msgspec.Meta(ge=0, le=MAX_TS_US)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=MAX_TS_US // 1000)]
Int64 = Annotated[int, msgspec.Meta(ge=0, le=MAX_INT64)]

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Unreadable(ValueError):
    """The reason a message cannot be used. Never leaves the decoding step: it becomes a BadMessage."""


class _Source(msgspec.Struct, gc=False):
    schema: str
    table: str
    ts_ms: Milliseconds
    ts_us: Microseconds | None = None
    lsn: Int64 | None = None
    txId: Int64 | None = None
    snapshot: str | bool | None = None


class _Envelope(msgspec.Struct, gc=False):
    source: _Source
    op: str
    before: msgspec.Raw = msgspec.Raw(b"null")
    after: msgspec.Raw = msgspec.Raw(b"null")
    ts_ms: Milliseconds | None = None
    ts_us: Microseconds | None = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_key = msgspec.json.Decoder(dict[str, str | int | bool | None]).decode
_decode_anything = msgspec.json.Decoder().decode


def decode(message: RawMessage) -> Change | BadMessage:
    """Read one message of a captured table."""
    try:
        return _change_of(message)
    except Unreadable as error:
        return BadMessage(message, str(error))
    except UNREADABLE as error:
        return BadMessage(message, f"not a change event: {error}")


def decode_all(messages: list[RawMessage]) -> list[Change | BadMessage]:
    return [decode(message) for message in messages]


def _change_of(message: RawMessage) -> Change:
    if message.value is None:
        raise Unreadable("the message has no value")
    if message.key is None:
        raise Unreadable("the message has no key")
    envelope = _decode_envelope(message.value)
    source = envelope.source
    before, after = _row_text(envelope.before), _row_text(envelope.after)
    _check_operation(envelope.op, before, after)
    if topic_of(source.schema, source.table) != message.chain.topic:
        raise Unreadable(f"a change of {source.schema}.{source.table} does not belong on this topic")
    source_ts_us = source.ts_us if source.ts_us is not None else source.ts_ms * 1000
    sent_ms = envelope.ts_ms if envelope.ts_ms is not None else source.ts_ms
    return Change(
        message=message,
        table=f"{source.schema}.{source.table}",
        op=envelope.op,
        is_snapshot=envelope.op == "r" or source.snapshot not in (None, False, "false"),
        pk=_canonical_key(message.key),
        lsn=source.lsn,
        tx_id=source.txId,
        source_ts_us=source_ts_us,
        connector_ts_us=envelope.ts_us if envelope.ts_us is not None else sent_ms * 1000,
        before=before,
        after=after,
    )


def _check_operation(op: str, before: str | None, after: str | None) -> None:
    if op not in OPERATIONS:
        raise Unreadable(f"unknown operation {op[:20]!r}")
    if op == "d" and (before is None or after is not None):
        raise Unreadable("a delete must carry the row before and none after")
    if op != "d" and after is None:
        raise Unreadable(f"operation {op!r} must carry the row after")


def _row_text(raw: msgspec.Raw) -> str | None:
    """The JSON text of a row, fit for jsonb: an object, valid UTF-8, no NUL, no lone surrogate."""
    data = bytes(raw)
    if data == b"null":
        return None
    if not data.startswith(b"{"):
        raise Unreadable("the row is not an object")
    text = data.decode()
    if "\\u" in text:
        _decode_anything(data)
        if "\\u0000" in text:
            raise Unreadable("the row holds a NUL character, which Postgres cannot store")
    return text


def _canonical_key(key: bytes) -> str:
    fields = _decode_key(key)
    if not fields:
        raise Unreadable("the key has no fields")
    text = msgspec.json.encode(fields, order="sorted").decode()
    if "\\u0000" in text:
        raise Unreadable("the key holds a NUL character, which Postgres cannot store")
    return text
