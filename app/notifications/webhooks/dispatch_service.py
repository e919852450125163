"""From events to deliveries, and from deliveries to receivers: the two chores of webhooks out.

A delivery is claimed in one transaction, sent outside of any, and marked in another. Whoever dies in between
leaves it to come due again: at least once, under the same webhook-id."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.feed import service as feed
from app.core import events, vault
from app.core.db import transaction
from app.core.ids import uuid7
from app.notifications.webhooks import rules, store
from app.notifications.webhooks.schemas import Message, Outcome
from app.notifications.webhooks.sending import ATTEMPT_LIMIT_SECONDS, send
from app.notifications.webhooks.service import SECRET_KIND, may_be_loopback

EVENTS_PER_ENDPOINT = 200
ENDPOINTS_PER_PAGE = 100
# Then the run ends; the endpoints are gone through again by the next.
MAX_PAGES = 100
# Sent side by side; each may take the whole limit of an attempt.
MESSAGES_AT_ONCE = 20
MAX_BATCHES = 50
CLAIM_LIFE = timedelta(seconds=3 * ATTEMPT_LIMIT_SECONDS)
LOG_KEPT = timedelta(days=30)
GONE, UNREACHABLE = "gone", "unreachable"


async def dispatch_new_events() -> int:
    """Make a delivery of each new event for each endpoint that wants it; how many."""
    made, after = 0, UUID(int=0)
    for _ in range(MAX_PAGES):
        async with transaction() as session:
            endpoints = await store.list_active_endpoints(session, after, ENDPOINTS_PER_PAGE)
        for endpoint in endpoints:
            async with transaction() as session:
                made += await _dispatch(session, endpoint.id)
        if len(endpoints) < ENDPOINTS_PER_PAGE:
            break
        after = endpoints[-1].id
    return made


async def deliver_due() -> int:
    """Send what is due, MESSAGES_AT_ONCE side by side; how many were taken."""
    delivered = 0
    for _ in range(MAX_BATCHES):
        async with transaction() as session:
            messages = await _claim(session)
        if not messages:
            break
        outcomes = await asyncio.gather(*(_attempt(message) for message in messages))
        delivered += sum(outcome.is_delivered for outcome in outcomes)
    return delivered


async def sweep_deliveries(session: AsyncSession, limit: int) -> int:
    """Forget up to `limit` deliveries older than the events they were made of. Returns how many."""
    return await store.sweep_deliveries(session, LOG_KEPT, limit)


async def _dispatch(session: AsyncSession, endpoint_id: UUID) -> int:
    endpoint = await store.find_endpoint_for_update(session, endpoint_id)
    if endpoint is None or endpoint.status != "active":
        return 0
    new = await feed.events_after(
        session, endpoint.user_id, endpoint.position, endpoint.event_types, EVENTS_PER_ENDPOINT
    )
    if not new:
        return 0
    rows = [
        {
            "id": uuid7(),
            "event_id": event.id,
            "event_type": event.type,
            "booking_id": event.booking_id,
            "occurred_at": event.occurred_at,
        }
        for event in new
    ]
    await store.insert_deliveries(session, endpoint.id, rows)
    await store.move_position(session, endpoint.id, new[-1].id)
    return len(new)


async def _claim(session: AsyncSession) -> list[Message]:
    rows = await store.claim_due(session, MESSAGES_AT_ONCE, CLAIM_LIFE)
    secret_ids = {key for row in rows for key in (row.secret_id, row.previous_secret_id) if key is not None}
    secrets = await vault.get_secrets(session, SECRET_KIND, list(secret_ids))
    return [_message(row, secrets) for row in rows]


def _message(row: Row[Any], secrets: dict[UUID, str]) -> Message:
    held = [row.secret_id, row.previous_secret_id]
    return Message(
        delivery_id=row.id,
        endpoint_id=row.endpoint_id,
        url=row.url,
        event_id=row.event_id,
        event_type=row.event_type,
        booking_id=row.booking_id,
        occurred_at=row.occurred_at,
        attempts=row.attempts,
        due_since=row.due_since,
        secrets=[secrets[key] for key in held if key in secrets],
    )


async def _attempt(message: Message) -> Outcome:
    body = rules.body_of(message)
    headers = rules.headers_of(message, body, datetime.now(UTC))
    outcome = await send(message.url, body, headers, may_be_loopback=may_be_loopback())
    async with transaction() as session:
        await _mark(session, message, outcome)
    return outcome


async def _mark(session: AsyncSession, message: Message, outcome: Outcome) -> None:
    if outcome.is_delivered:
        await store.mark_delivered(session, message.delivery_id, outcome.status)
        return
    wait = rules.wait_after(message.attempts)
    if outcome.is_gone:
        await store.mark_failed(session, message.delivery_id, outcome.status, outcome.error)
        await _disable(session, message.endpoint_id, GONE, quiet=timedelta())
    elif rules.is_given_up(message.due_since, datetime.now(UTC) + wait):
        await store.mark_failed(session, message.delivery_id, outcome.status, outcome.error)
        await _disable(session, message.endpoint_id, UNREACHABLE, quiet=rules.GIVE_UP_AFTER)
    else:
        await store.mark_retry(session, message.delivery_id, wait, outcome.status, outcome.error)


async def _disable(session: AsyncSession, endpoint_id: UUID, reason: str, quiet: timedelta) -> None:
    """Stop sending and say so, once."""
    user_id = await store.disable_endpoint(session, endpoint_id, reason, quiet)
    if user_id is not None:
        await events.record(
            session,
            "WebhookEndpointDisabled",
            "webhook_endpoint",
            endpoint_id,
            {"reason": reason},
            subject_id=user_id,
        )
