"""What was sent to a customer."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import service as bookings
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.notifications import store
from app.notifications.schemas import DeliveryStatus, Notification

MAX_BOOKINGS = 200


async def list_notifications(session: AsyncSession, caller: Caller, window: Window) -> Page[Notification]:
    """What was sent about a user's bookings, the newest first. Raises CursorInvalid."""
    booking_ids = await bookings.list_booking_ids(session, caller, MAX_BOOKINGS)
    rows = await store.list_deliveries(
        session, booking_ids, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    sent = [
        Notification(
            id=row.request_id,
            booking_id=row.booking_id,
            channel=row.channel,
            template=row.template,
            status=DeliveryStatus(row.status),
            sent_at=row.sent_at,
            created_at=row.created_at,
        )
        for row in rows
    ]
    return page_of(sent, window, [f"{row.created_at.isoformat()} {row.request_id}" for row in rows])


def _place(window: Window) -> tuple[datetime, UUID] | None:
    if window.place is None:
        return None
    created_at, _, request_id = window.place.partition(" ")
    try:
        return datetime.fromisoformat(created_at), UUID(request_id)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None
