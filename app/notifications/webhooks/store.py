"""Statements of webhooks out, one a function."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.db import execute_and_count
from app.notifications.webhooks.models import WebhookDeliveryRow as DeliveryRow
from app.notifications.webhooks.models import WebhookEndpointRow as EndpointRow
from app.notifications.webhooks.schemas import EndpointStatus

_FRESH = {"populate_existing": True}

_INSERT_DELIVERIES = text("""
    insert into app.webhook_deliveries (id, endpoint_id, event_id, event_type, booking_id, occurred_at)
    select id, :endpoint_id, event_id, event_type, booking_id, occurred_at
    from unnest(
        cast(:ids as uuid[]), cast(:event_ids as uuid[]), cast(:event_types as text[]),
        cast(:booking_ids as uuid[]), cast(:moments as timestamptz[])
    ) as event (id, event_id, event_type, booking_id, occurred_at)
    on conflict (endpoint_id, event_id) do nothing
""")
# A claim is a later attempt: whoever dies with it lets the delivery come due again.
_CLAIM = text("""
    with due as materialized (
        select delivery.id
        from app.webhook_deliveries as delivery
        where delivery.status = 'pending' and delivery.next_attempt_at <= now()
        order by delivery.next_attempt_at
        limit :limit
        for update skip locked
    )
    update app.webhook_deliveries as delivery
    set next_attempt_at = now() + :life, attempts = delivery.attempts + 1
    from due, app.webhook_endpoints as endpoint
    where delivery.id = due.id and endpoint.id = delivery.endpoint_id
    returning
        delivery.id, delivery.endpoint_id, delivery.event_id, delivery.event_type, delivery.booking_id,
        delivery.occurred_at, delivery.attempts, delivery.due_since, endpoint.url, endpoint.secret_id,
        case when endpoint.previous_secret_until > now() then endpoint.previous_secret_id end
            as previous_secret_id
""")
_MARK_DELIVERED = text("""
    update app.webhook_deliveries
    set status = 'delivered', delivered_at = now(), last_status = :status, last_error = null
    where id = :id and status = 'pending'
""")
_MARK_RETRY = text("""
    update app.webhook_deliveries
    set next_attempt_at = now() + :wait, last_status = :status, last_error = :error
    where id = :id and status = 'pending'
""")
_MARK_FAILED = text("""
    update app.webhook_deliveries
    set status = 'failed', last_status = :status, last_error = :error
    where id = :id and status = 'pending'
""")
_DISABLE = text("""
    update app.webhook_endpoints as endpoint
    set status = 'disabled', disabled_reason = :reason, version = version + 1, updated_at = now()
    where endpoint.id = :id
        and endpoint.status = 'active'
        and not exists (
            select from app.webhook_deliveries as delivery
            where delivery.endpoint_id = endpoint.id
                and delivery.delivered_at > now() - cast(:quiet as interval)
        )
    returning user_id
""")
_FAIL_PENDING = text("""
    update app.webhook_deliveries set status = 'failed', last_error = 'EndpointDisabled'
    where endpoint_id = :id and status = 'pending'
""")
_REDELIVER = text("""
    update app.webhook_deliveries
    set status = 'pending', attempts = 0, due_since = now(), next_attempt_at = now(), delivered_at = null
    where id = :id and endpoint_id = :endpoint_id
""")
_SWEEP = text("""
    delete from app.webhook_deliveries where id in (
        select id from app.webhook_deliveries
        where status <> 'pending' and created_at < now() - cast(:kept as interval)
        limit :limit
    )
""")


async def insert_endpoint(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(EndpointRow).values(values))


async def count_endpoints(session: AsyncSession, user_id: UUID) -> int:
    statement = select(func.count()).select_from(EndpointRow).where(col(EndpointRow.user_id) == user_id)
    return (await session.execute(statement)).scalar_one()


async def list_endpoints(
    session: AsyncSession, user_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[EndpointRow]:
    """A user's endpoints from beyond a place, the oldest first; backwards, the newest."""
    key = col(EndpointRow.id)
    statement = select(EndpointRow).where(col(EndpointRow.user_id) == user_id)
    if place is not None:
        statement = statement.where(key < place if is_backwards else key > place)
    order = key.desc() if is_backwards else key.asc()
    return (await session.scalars(statement.order_by(order).limit(limit))).all()


async def find_endpoint(session: AsyncSession, endpoint_id: UUID) -> EndpointRow | None:
    statement = select(EndpointRow).where(col(EndpointRow.id) == endpoint_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_endpoint_for_update(session: AsyncSession, endpoint_id: UUID) -> EndpointRow | None:
    statement = select(EndpointRow).where(col(EndpointRow.id) == endpoint_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def update_endpoint(session: AsyncSession, endpoint_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(EndpointRow)
        .where(col(EndpointRow.id) == endpoint_id)
        .values(values | {"version": col(EndpointRow.version) + 1, "updated_at": func.now()})
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


async def delete_endpoint(session: AsyncSession, endpoint_id: UUID) -> None:
    """Its deliveries go with it."""
    await session.execute(delete(EndpointRow).where(col(EndpointRow.id) == endpoint_id))


async def list_active_endpoints(session: AsyncSession, after: UUID, limit: int) -> Sequence[EndpointRow]:
    statement = (
        select(EndpointRow)
        .where(col(EndpointRow.status) == EndpointStatus.ACTIVE, col(EndpointRow.id) > after)
        .order_by(col(EndpointRow.id))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def insert_deliveries(session: AsyncSession, endpoint_id: UUID, events: list[dict[str, Any]]) -> None:
    """One delivery an event: (id, event_id, event_type, booking_id, occurred_at). Those that exist stay."""
    columns = {
        name: [event[key] for event in events]
        for name, key in (
            ("ids", "id"), ("event_ids", "event_id"), ("event_types", "event_type"),
            ("booking_ids", "booking_id"), ("moments", "occurred_at"),
        )
    }  # fmt: skip
    await session.execute(_INSERT_DELIVERIES, columns | {"endpoint_id": endpoint_id})


async def move_position(session: AsyncSession, endpoint_id: UUID, position: UUID) -> None:
    """Not an edit of its owner's, so the version stays."""
    statement = update(EndpointRow).where(col(EndpointRow.id) == endpoint_id).values(position=position)
    await session.execute(statement, execution_options={"synchronize_session": False})


async def claim_due(session: AsyncSession, limit: int, life: timedelta) -> Sequence[Row[Any]]:
    return (await session.execute(_CLAIM, {"limit": limit, "life": life})).all()


async def mark_delivered(session: AsyncSession, delivery_id: UUID, status: int | None) -> None:
    await session.execute(_MARK_DELIVERED, {"id": delivery_id, "status": status})


async def mark_retry(
    session: AsyncSession, delivery_id: UUID, wait: timedelta, status: int | None, error: str | None
) -> None:
    values = {"id": delivery_id, "wait": wait, "status": status, "error": error}
    await session.execute(_MARK_RETRY, values)


async def mark_failed(
    session: AsyncSession, delivery_id: UUID, status: int | None, error: str | None
) -> None:
    await session.execute(_MARK_FAILED, {"id": delivery_id, "status": status, "error": error})


async def disable_endpoint(
    session: AsyncSession, endpoint_id: UUID, reason: str, quiet: timedelta
) -> UUID | None:
    """Stop sending to one that has taken nothing for `quiet`. Its owner, if it was active till now."""
    row = (
        await session.execute(_DISABLE, {"id": endpoint_id, "reason": reason, "quiet": quiet})
    ).one_or_none()
    if row is None:
        return None
    await session.execute(_FAIL_PENDING, {"id": endpoint_id})
    return UUID(str(row.user_id))


async def list_deliveries(
    session: AsyncSession, endpoint_id: UUID, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[DeliveryRow]:
    """An endpoint's deliveries from beyond a place, the newest first; backwards, the oldest."""
    key = col(DeliveryRow.id)
    statement = select(DeliveryRow).where(col(DeliveryRow.endpoint_id) == endpoint_id)
    if place is not None:
        statement = statement.where(key > place if is_backwards else key < place)
    order = key.asc() if is_backwards else key.desc()
    return (await session.scalars(statement.order_by(order).limit(limit), execution_options=_FRESH)).all()


async def find_delivery(session: AsyncSession, delivery_id: UUID) -> DeliveryRow | None:
    statement = select(DeliveryRow).where(col(DeliveryRow.id) == delivery_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def redeliver(session: AsyncSession, endpoint_id: UUID, delivery_id: UUID) -> bool:
    values = {"id": delivery_id, "endpoint_id": endpoint_id}
    return await execute_and_count(session, _REDELIVER, values) == 1


async def sweep_deliveries(session: AsyncSession, kept: timedelta, limit: int) -> int:
    return await execute_and_count(session, _SWEEP, {"kept": kept, "limit": limit})
