"""Domain events: append-only rows, written in the transaction that makes them true."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.context import current
from app.core.ids import uuid7

_INSERT = text("""
    insert into app.domain_events (
        id, type, entity_type, entity_id, booking_id, subject_id, actor_id, payload, occurred_at,
        request_id, simulated
    )
    select
        id, type, entity_type, entity_id, booking_id, subject_id, actor_id, payload, occurred_at,
        request_id, simulated
    from json_to_recordset(cast(:rows as json)) as event (
        id uuid, type text, entity_type text, entity_id uuid, booking_id uuid, subject_id uuid, actor_id uuid,
        payload jsonb, occurred_at timestamptz, request_id text, simulated boolean
    )
""")


@dataclass(frozen=True)
class NewEvent:
    """An event as its row will be."""

    id: UUID
    type: str
    entity_type: str
    entity_id: UUID
    booking_id: UUID | None
    subject_id: UUID | None
    actor_id: UUID | None
    payload: dict[str, Any]
    occurred_at: datetime
    request_id: str
    simulated: bool


async def record(
    session: AsyncSession,
    event_type: str,
    entity_type: str,
    entity_id: UUID,
    payload: dict[str, Any],
    *,
    booking_id: UUID | None = None,
    subject_id: UUID | None = None,
    actor_id: UUID | None = None,
    occurred_at: datetime | None = None,
) -> UUID:
    """Append one event of the catalogue. Personal data has no place in `payload`: it enters the stream."""
    event = new_event(
        event_type,
        entity_type,
        entity_id,
        payload,
        booking_id=booking_id,
        subject_id=subject_id,
        actor_id=actor_id,
        occurred_at=occurred_at or await clock.now(session),
    )
    await record_all(session, [event])
    return event.id


async def record_all(session: AsyncSession, new: Sequence[NewEvent]) -> None:
    """Append many events in one statement."""
    rows = json.dumps([vars(event) for event in new], default=str)
    await session.execute(_INSERT, {"rows": rows})


def new_event(
    event_type: str,
    entity_type: str,
    entity_id: UUID,
    payload: dict[str, Any],
    *,
    booking_id: UUID | None,
    subject_id: UUID | None,
    actor_id: UUID | None,
    occurred_at: datetime,
) -> NewEvent:
    """An event of the request being served, to be appended."""
    context = current()
    return NewEvent(
        id=uuid7(),
        type=event_type,
        entity_type=entity_type,
        entity_id=entity_id,
        booking_id=booking_id,
        subject_id=subject_id,
        actor_id=actor_id,
        payload=payload,
        occurred_at=occurred_at,
        request_id=context.request_id,
        simulated=context.is_simulated,
    )
