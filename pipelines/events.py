"""Domain events as they come out of app.domain_events."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from pipelines.envelope import UNREADABLE, Unreadable
from pipelines.records import BadMessage, Change


class _Row(msgspec.Struct, gc=False):
    id: UUID
    type: str
    payload: str
    occurred_at: datetime
    booking_id: UUID | None = None
    subject_id: UUID | None = None


class DomainEvent(msgspec.Struct, frozen=True, gc=False):
    """One event: `occurred_at` is business time, `change.source_ts_us` the moment it was committed."""

    change: Change
    id: UUID
    type: str
    booking_id: UUID | None
    subject_id: UUID | None
    occurred_at: datetime
    payload: dict[str, Any]


_decode_row = msgspec.json.Decoder(_Row).decode
_decode_payload = msgspec.json.Decoder(dict[str, Any]).decode


def domain_event(change: Change | BadMessage, types: frozenset[str]) -> DomainEvent | BadMessage | None:
    """Read an event of one of `types`; None for the other types."""
    if isinstance(change, BadMessage):
        return change
    try:
        if change.op not in "cr" or change.after is None:
            raise Unreadable(f"domain_events is append-only, and this is operation {change.op!r}")
        row = _decode_row(change.after)
        if row.type not in types:
            return None
        if row.occurred_at.tzinfo is None:
            raise Unreadable("occurred_at has no time zone")
        payload = _decode_payload(row.payload)
    except Unreadable as error:
        return BadMessage(change.message, str(error))
    except UNREADABLE as error:
        return BadMessage(change.message, f"not a domain event: {error}")
    if "\\u0000" in row.payload:
        return BadMessage(change.message, "the payload holds a NUL character, which Postgres cannot store")
    return DomainEvent(change, row.id, row.type, row.booking_id, row.subject_id, row.occurred_at, payload)
