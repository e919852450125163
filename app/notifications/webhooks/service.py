"""Where a customer has events sent: making, changing and ending endpoints, and the log of what was sent."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.feed import service as feed
from app.core import vault
from app.core.config import get_settings
from app.core.etags import Expected
from app.core.ids import uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.notifications.webhooks import rules, store
from app.notifications.webhooks.errors import DeliveryNotFound, EndpointNotFound, EndpointsExhausted
from app.notifications.webhooks.models import WebhookDeliveryRow, WebhookEndpointRow
from app.notifications.webhooks.schemas import (
    Delivery,
    DeliveryStatus,
    Endpoint,
    EndpointCreate,
    EndpointStatus,
    EndpointUpdate,
    EndpointWithSecret,
)

SECRET_KIND = "webhook"
PING = "Ping"
MAX_ENDPOINTS = 10


def may_be_loopback() -> bool:
    """Only a sandbox may be told to send to the machine it runs on."""
    settings = get_settings()
    return settings.is_sandbox and settings.webhooks_to_loopback


async def create_endpoint(session: AsyncSession, user_id: UUID, new: EndpointCreate) -> EndpointWithSecret:
    """Begin to send what happens from now on. Raises EndpointUnfit, EndpointsExhausted."""
    rules.ensure_fit(new.url, may_be_loopback=may_be_loopback())
    if await store.count_endpoints(session, user_id) >= MAX_ENDPOINTS:
        raise EndpointsExhausted(f"at most {MAX_ENDPOINTS}")
    endpoint_id, (secret_id, secret) = uuid7(), await _new_secret(session)
    values = {
        "id": endpoint_id,
        "user_id": user_id,
        "url": new.url,
        "event_types": new.event_types,
        "status": EndpointStatus.ACTIVE,
        "secret_id": secret_id,
        "position": await feed.newest_place(session),
        "created_at": datetime.now(UTC),
    }
    await store.insert_endpoint(session, values)
    return _with_secret(await get_endpoint(session, user_id, endpoint_id), secret)


async def list_endpoints(session: AsyncSession, user_id: UUID, window: Window) -> Page[Endpoint]:
    """Raises CursorInvalid."""
    rows = await store.list_endpoints(
        session, user_id, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([show(row) for row in rows], window, [row.id.hex for row in rows])


async def get_endpoint(session: AsyncSession, user_id: UUID, endpoint_id: UUID) -> WebhookEndpointRow:
    """Raises EndpointNotFound, also for another's."""
    return _own(await store.find_endpoint(session, endpoint_id), user_id)


async def update_endpoint(
    session: AsyncSession, user_id: UUID, endpoint_id: UUID, change: EndpointUpdate, expected: Expected
) -> WebhookEndpointRow:
    """Change what is given. One that is made active again gets what happens from now on.

    Raises EndpointNotFound, PreconditionFailed, EndpointUnfit."""
    row = _own(await store.find_endpoint_for_update(session, endpoint_id), user_id)
    expected.ensure(row.version)
    values: dict[str, Any] = change.model_dump(exclude_unset=True, exclude_none=True)
    if change.url is not None:
        rules.ensure_fit(change.url, may_be_loopback=may_be_loopback())
    if change.status is EndpointStatus.ACTIVE and row.status != EndpointStatus.ACTIVE:
        values |= {"disabled_reason": None, "position": await feed.newest_place(session)}
    if change.status is EndpointStatus.DISABLED:
        values["disabled_reason"] = "by its owner"
    await store.update_endpoint(session, endpoint_id, values)
    return await get_endpoint(session, user_id, endpoint_id)


async def delete_endpoint(session: AsyncSession, user_id: UUID, endpoint_id: UUID) -> None:
    """Stop sending, forget the log, and destroy the secrets. Raises EndpointNotFound."""
    row = _own(await store.find_endpoint_for_update(session, endpoint_id), user_id)
    await store.delete_endpoint(session, endpoint_id)
    held = [row.secret_id, *([row.previous_secret_id] if row.previous_secret_id else [])]
    await vault.delete_secrets(session, SECRET_KIND, held)


async def rotate_secret(session: AsyncSession, user_id: UUID, endpoint_id: UUID) -> EndpointWithSecret:
    """A new secret; for SECRET_OVERLAP the old one signs too. Raises EndpointNotFound."""
    row = _own(await store.find_endpoint_for_update(session, endpoint_id), user_id)
    if row.previous_secret_id is not None:
        await vault.delete_secrets(session, SECRET_KIND, [row.previous_secret_id])
    secret_id, secret = await _new_secret(session)
    values = {
        "secret_id": secret_id,
        "previous_secret_id": row.secret_id,
        "previous_secret_until": datetime.now(UTC) + rules.SECRET_OVERLAP,
    }
    await store.update_endpoint(session, endpoint_id, values)
    return _with_secret(await get_endpoint(session, user_id, endpoint_id), secret)


async def ping(session: AsyncSession, user_id: UUID, endpoint_id: UUID) -> Delivery:
    """Have a message of type Ping sent, to see whether it arrives. Raises EndpointNotFound."""
    await get_endpoint(session, user_id, endpoint_id)
    delivery_id = uuid7()
    event = {
        "id": delivery_id,
        "event_id": uuid7(),
        "event_type": PING,
        "booking_id": None,
        "occurred_at": datetime.now(UTC),
    }
    await store.insert_deliveries(session, endpoint_id, [event])
    return await _delivery(session, endpoint_id, delivery_id)


async def list_deliveries(
    session: AsyncSession, user_id: UUID, endpoint_id: UUID, window: Window
) -> Page[Delivery]:
    """The newest first. Raises EndpointNotFound, CursorInvalid."""
    await get_endpoint(session, user_id, endpoint_id)
    rows = await store.list_deliveries(
        session, endpoint_id, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([_show_delivery(row) for row in rows], window, [row.id.hex for row in rows])


async def redeliver(session: AsyncSession, user_id: UUID, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    """Send once more, whatever became of it. Raises EndpointNotFound, DeliveryNotFound."""
    await get_endpoint(session, user_id, endpoint_id)
    if not await store.redeliver(session, endpoint_id, delivery_id):
        raise DeliveryNotFound()
    return await _delivery(session, endpoint_id, delivery_id)


def show(row: WebhookEndpointRow) -> Endpoint:
    return Endpoint(**_fields(row))


def _with_secret(row: WebhookEndpointRow, secret: str) -> EndpointWithSecret:
    return EndpointWithSecret(**_fields(row), secret=secret)


def _fields(row: WebhookEndpointRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Endpoint.model_fields} | {
        "status": EndpointStatus(row.status)
    }


async def _new_secret(session: AsyncSession) -> tuple[UUID, str]:
    secret_id, secret = uuid7(), rules.new_secret()
    await vault.put_secret(session, SECRET_KIND, secret_id, secret)
    return secret_id, secret


def _own(row: WebhookEndpointRow | None, user_id: UUID) -> WebhookEndpointRow:
    if row is None or row.user_id != user_id:
        raise EndpointNotFound()
    return row


async def _delivery(session: AsyncSession, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    row = await store.find_delivery(session, delivery_id)
    if row is None or row.endpoint_id != endpoint_id:
        raise DeliveryNotFound()
    return _show_delivery(row)


def _show_delivery(row: WebhookDeliveryRow) -> Delivery:
    status = DeliveryStatus(row.status)
    return Delivery(
        id=row.id,
        event_id=row.event_id,
        event_type=row.event_type,
        booking_id=row.booking_id,
        status=status,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at if status is DeliveryStatus.PENDING else None,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
    )


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None
