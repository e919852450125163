"""Notifications' statements, one a function. Requests are read; only deliveries are written."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_NOW = text("select clock_timestamp()")
_FIND_NEW = text("""
    select requests.request_id
    from live.notification_requests as requests
    where requests.created_at >= :since
        and not exists (
            select from app.notification_deliveries as deliveries
            where deliveries.request_id = requests.request_id
        )
    order by requests.created_at
    limit :limit
""")
_FIND_LAPSED = text("""
    select request_id from app.notification_deliveries
    where status = 'claimed' and claimed_until <= now()
    order by claimed_until
    limit :limit
""")
# Whoever comes second waits for the first one's row, finds it claimed, and gets nothing back.
_CLAIM = text("""
    insert into app.notification_deliveries as deliveries (
        request_id, event_id, booking_id, subject_id, channel, template, status, attempts,
        claimed_until, message_id
    )
    select
        request_id, event_id, booking_id, subject_id, channel, template, 'claimed', 1,
        now() + :life, '<' || request_id || '@' || :domain || '>'
    from live.notification_requests
    where request_id = any(:request_ids)
    order by request_id
    on conflict (request_id) do update set
        attempts = deliveries.attempts + 1, claimed_until = excluded.claimed_until, updated_at = now()
        where deliveries.status = 'claimed' and deliveries.claimed_until <= now()
    returning
        request_id,
        subject_id,
        template,
        message_id,
        attempts,
        (
            select payload from live.notification_requests as requests
            where requests.request_id = deliveries.request_id
        ) as payload
""")
_MARK_SENT = text("""
    update app.notification_deliveries set
        status = 'sent', sent_at = now(), claimed_until = null, last_error = null, updated_at = now()
    where request_id = :request_id
""")
_MARK_RETRY = text("""
    update app.notification_deliveries set
        claimed_until = now() + :wait, last_error = :error, updated_at = now()
    where request_id = :request_id and status = 'claimed'
""")
_MARK_FAILED = text("""
    update app.notification_deliveries set
        status = 'failed', claimed_until = null, last_error = :error, updated_at = now()
    where request_id = :request_id and status = 'claimed'
""")
_LIST = """
    select request_id, booking_id, channel, template, status, sent_at, created_at
    from app.notification_deliveries
    where booking_id = any(:booking_ids)
        and (cast(:at as timestamptz) is null or (created_at, request_id) {beyond} (:at, :request_id))
    order by created_at {order}, request_id {order}
    limit :limit
"""
_LIST_NEWEST_FIRST = text(_LIST.format(beyond="<", order="desc"))
_LIST_OLDEST_FIRST = text(_LIST.format(beyond=">", order="asc"))


async def database_time(session: AsyncSession) -> datetime:
    moment: datetime = (await session.execute(_NOW)).scalar_one()
    return moment


async def find_new(session: AsyncSession, since: datetime, limit: int) -> list[UUID]:
    """Requests made at or after `since` that nobody has claimed yet, the oldest first."""
    return list((await session.scalars(_FIND_NEW, {"since": since, "limit": limit})).all())


async def find_lapsed(session: AsyncSession, limit: int) -> list[UUID]:
    """Requests whose claim has ended without the message having been marked sent."""
    return list((await session.scalars(_FIND_LAPSED, {"limit": limit})).all())


async def claim(
    session: AsyncSession, request_ids: list[UUID], life: timedelta, domain: str
) -> Sequence[Row[Any]]:
    """Claim those that are free: (request_id, subject_id, template, message_id, attempts, payload)."""
    parameters = {"request_ids": request_ids, "life": life, "domain": domain}
    return (await session.execute(_CLAIM, parameters)).all()


async def mark_sent(session: AsyncSession, request_id: UUID) -> None:
    await session.execute(_MARK_SENT, {"request_id": request_id})


async def mark_retry(session: AsyncSession, request_id: UUID, wait: timedelta, error: str) -> None:
    await session.execute(_MARK_RETRY, {"request_id": request_id, "wait": wait, "error": error})


async def mark_failed(session: AsyncSession, request_id: UUID, error: str) -> None:
    await session.execute(_MARK_FAILED, {"request_id": request_id, "error": error})


async def list_deliveries(
    session: AsyncSession,
    booking_ids: list[UUID],
    place: tuple[datetime, UUID] | None,
    limit: int,
    *,
    is_backwards: bool,
) -> Sequence[Row[Any]]:
    """Deliveries of these bookings from beyond a place, the newest first; backwards, the oldest first."""
    at, request_id = place or (None, None)
    parameters = {"booking_ids": booking_ids, "at": at, "request_id": request_id, "limit": limit}
    statement = _LIST_OLDEST_FIRST if is_backwards else _LIST_NEWEST_FIRST
    return (await session.execute(statement, parameters)).all()
