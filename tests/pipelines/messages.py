"""Messages as Debezium writes them, for the flows to read."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from bytewax.dataflow import Dataflow
from bytewax.testing import run_main

from pipelines.records import Chain, RawMessage
from pipelines.topics import CABIN_INVENTORIES, DOMAIN_EVENTS

TOPIC_ID = "AbCdEfGhIjKlMnOpQrStUw"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
START_US = int(START.timestamp()) * 1_000_000


def run(flow: Dataflow) -> None:
    """Run a flow to the end of its input, in this thread."""
    run_main(flow)  # type: ignore[no-untyped-call]


def chain(topic: str, topic_id: str = TOPIC_ID, partition: int = 0) -> Chain:
    return Chain(topic, topic_id, partition)


def raw(
    topic: str, offset: int, value: bytes | None, key: bytes | None = b'{"id":"1"}', partition: int = 0
) -> RawMessage:
    return RawMessage(chain(topic, partition=partition), offset, key, value, START_US)


def envelope(
    table: str,
    after: dict[str, Any] | None,
    *,
    before: dict[str, Any] | None = None,
    op: str = "c",
    lsn: int = 100,
    at_us: int = START_US,
    schema: str = "app",
    **source: Any,
) -> bytes:
    """The value of a change message."""
    body = {
        "before": before,
        "after": after,
        "source": {
            "ts_ms": at_us // 1000,
            "ts_us": at_us,
            "lsn": lsn,
            "txId": 7,
            "snapshot": "false",
            "schema": schema,
            "table": table,
            **source,
        },
        "op": op,
        "ts_ms": at_us // 1000 + 5,
    }
    return json.dumps(body).encode()


def inventory_row(**changes: Any) -> dict[str, Any]:
    """A row of cabin_inventories with three fare classes."""
    row = {
        "id": str(uuid4()),
        "flight_id": str(uuid4()),
        "cabin": "economy",
        "capacity": 100,
        "authorised": 100,
        "classes": ["Y", "M", "Q"],
        "limits": [100, 60, 20],
        "held": [0, 1, 2],
        "sold": [10, 5, 3],
        "version": 1,
        "updated_at": "2026-03-01T12:00:00Z",
    }
    return {**row, **changes}


def inventory_message(offset: int, row: dict[str, Any], **options: Any) -> RawMessage:
    key = json.dumps({"id": row["id"]}).encode()
    if options.get("op") == "d":
        return raw(CABIN_INVENTORIES, offset, envelope("cabin_inventories", None, before=row, **options), key)
    return raw(CABIN_INVENTORIES, offset, envelope("cabin_inventories", row, **options), key)


def event_message(
    offset: int,
    kind: str,
    payload: dict[str, Any],
    *,
    event_id: UUID | None = None,
    booking_id: UUID | None = None,
    subject_id: UUID | None = None,
    after_start: timedelta = timedelta(0),
    committed_us: int | None = None,
    op: str = "c",
) -> RawMessage:
    """An event of `kind` that occurred some time after START."""
    occurred = START + after_start
    row = {
        "id": str(event_id or uuid4()),
        "type": kind,
        "entity_type": "booking",
        "entity_id": str(uuid4()),
        "booking_id": str(booking_id) if booking_id else None,
        "subject_id": str(subject_id) if subject_id else None,
        "actor_id": None,
        "payload": json.dumps(payload),
        "occurred_at": occurred.isoformat().replace("+00:00", "Z"),
        "recorded_at": occurred.isoformat().replace("+00:00", "Z"),
        "request_id": "req-1",
        "simulated": False,
    }
    at_us = committed_us if committed_us is not None else START_US + int(after_start.total_seconds() * 1e6)
    key = json.dumps({"id": row["id"]}).encode()
    return raw(DOMAIN_EVENTS, offset, envelope("domain_events", row, at_us=at_us, op=op), key)
