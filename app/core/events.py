"""Domain events: append-only rows, written in the transaction that makes them true."""

import json
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
    ) values (
        :id, :type, :entity_type, :entity_id, :booking_id, :subject_id, :actor_id, cast(:payload as jsonb),
        :occurred_at, :request_id, :simulated
    )
""")


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
    event_id = uuid7()
    context = current()
    await session.execute(
        _INSERT,
        {
            "id": event_id,
            "type": event_type,
            "entity_type": entity_type,
            "entity_id": entity_id,
            "booking_id": booking_id,
            "subject_id": subject_id,
            "actor_id": actor_id,
            "payload": json.dumps(payload, default=str, sort_keys=True),
            "occurred_at": occurred_at or await clock.now(session),
            "request_id": context.request_id,
            "simulated": context.is_simulated,
        },
    )
    return event_id
