"""Bytes become a Change or a BadMessage with its reason, whatever the bytes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.envelope import decode
from pipelines.records import BadMessage, Change, RawMessage
from tests.pipelines.messages import START_US, envelope, raw

TOPIC = "contrail.app.bookings"


def read(value: bytes | None, key: bytes | None = b'{"id":"1"}') -> Change | BadMessage:
    return decode(raw(TOPIC, 5, value, key))


def test_an_insert_keeps_the_rows_own_text() -> None:
    change = read(envelope("bookings", {"id": "1", "note": "é\u2028"}))

    assert isinstance(change, Change)
    assert (change.table, change.op, change.lsn, change.tx_id) == ("app.bookings", "c", 100, 7)
    assert json.loads(change.after or "") == {"id": "1", "note": "é\u2028"}
    assert change.before is None
    assert change.source_ts_us == START_US
    assert change.connector_ts_us == START_US + 5_000
    assert not change.is_snapshot


def test_a_key_is_canonical_whatever_the_order_of_its_fields() -> None:
    one = read(envelope("bookings", {"id": "1"}), b'{"b": 2, "a": "x"}')
    other = read(envelope("bookings", {"id": "1"}), b'{"a":"x","b":2}')

    assert isinstance(one, Change)
    assert isinstance(other, Change)
    assert one.pk == other.pk == '{"a":"x","b":2}'


@pytest.mark.parametrize("mark", ["true", "first", "last", "incremental"])
def test_a_snapshot_row_says_so(mark: str) -> None:
    change = read(envelope("bookings", {"id": "1"}, op="r", snapshot=mark))

    assert isinstance(change, Change)
    assert change.is_snapshot


BAD: list[tuple[bytes | None, bytes | None, str]] = [
    (None, b'{"id":"1"}', "no value"),
    (b"", b'{"id":"1"}', "not a change event"),
    (b"\xff\xfe", b'{"id":"1"}', "not a change event"),
    (b"[1, 2]", b'{"id":"1"}', "not a change event"),
    (b'{"op":"c"}', b'{"id":"1"}', "source"),
    (b"[" * 100_000, b'{"id":"1"}', "not a change event"),
    (envelope("bookings", {"id": "1"}), None, "no key"),
    (envelope("bookings", {"id": "1"}), b"7", "not a change event"),
    (envelope("bookings", {"id": "1"}), b"{}", "no fields"),
    (envelope("payments", {"id": "1"}), b'{"id":"1"}', "does not belong"),
    (envelope("bookings", {"id": "1"}, op="t"), b'{"id":"1"}', "unknown operation"),
    (envelope("bookings", None, op="u"), b'{"id":"1"}', "row after"),
    (envelope("bookings", None, op="d"), b'{"id":"1"}', "row before"),
    (envelope("bookings", {"id": "a\x00b"}), b'{"id":"1"}', "NUL"),
    (envelope("bookings", {"i": 1}).replace(b'"after": {"i": 1}', b'"after": 7'), b'{"id":"1"}', "object"),
    (envelope("bookings", {"id": "XX"}).replace(b"XX", b"\\ud800"), b'{"id":"1"}', "not a change event"),
    (envelope("bookings", {"id": "XX"}).replace(b"XX", b"\xff"), b'{"id":"1"}', "not a change event"),
    (envelope("bookings", {"id": "1"}, at_us=10**21), b'{"id":"1"}', "not a change event"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "key", "reason"), BAD)
def test_what_cannot_be_read_says_why(value: bytes | None, key: bytes | None, reason: str) -> None:
    bad = read(value, key)

    assert isinstance(bad, BadMessage)
    assert reason in bad.reason
    assert bad.message == RawMessage(bad.message.chain, 5, key, value, START_US)


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()), st.none() | st.binary())
def test_no_bytes_at_all_raise(value: bytes, key: bytes | None) -> None:
    assert isinstance(read(value, key), BadMessage)


@given(
    after=JSON, before=JSON, op=st.sampled_from("crudtm"), lsn=JSON, snapshot=JSON,
    table=st.sampled_from(["bookings", "payments"]),
)  # fmt: skip
def test_no_envelope_raises(after: Any, before: Any, op: str, lsn: Any, snapshot: Any, table: str) -> None:
    result = read(envelope(table, after, before=before, op=op, lsn=lsn, snapshot=snapshot))

    if isinstance(result, Change):
        assert table == "bookings"
        assert (result.after is None) == (op == "d")
        for text in (result.before, result.after):
            assert text is None or isinstance(json.loads(text), dict)
