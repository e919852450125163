"""Replaying what happened to a customer's bookings, and what is new since a place."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import answers
from app.bookings.feed import store
from app.bookings.feed.schemas import FeedEvent
from app.core.pages import Page, Window, page_of, unknown_place

KEPT = timedelta(days=30)
# No transaction of ours lives this long: a statement ends after 5 s, an idle transaction after 10 s.
SETTLED = timedelta(seconds=10)


async def list_events(
    session: AsyncSession, user_id: UUID, types: Sequence[str] | None, window: Window
) -> Page[FeedEvent]:
    """Events of the last thirty days, the oldest first, up to ten seconds ago. Raises CursorInvalid."""
    rows = await store.list_events(
        session, user_id, _place(window), types,
        kept=KEPT, settled=SETTLED, limit=window.limit + 1, is_backwards=window.is_backwards,
    )  # fmt: skip
    return page_of([_event(row) for row in rows], window, [row.id.hex for row in rows])


async def events_after(
    session: AsyncSession, user_id: UUID, place: UUID, types: Sequence[str] | None, limit: int
) -> list[FeedEvent]:
    """What has settled since `place`, the oldest first."""
    rows = await store.list_events(
        session, user_id, place, types, kept=KEPT, settled=SETTLED, limit=limit
    )  # fmt: skip
    return [_event(row) for row in rows]


async def newest_place(session: AsyncSession) -> UUID:
    """The place from which on nothing has settled yet."""
    return await store.newest_settled(session, SETTLED)


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


def _event(row: Row[Any]) -> FeedEvent:
    return FeedEvent(
        id=row.id,
        type=row.type,
        booking_id=row.booking_id,
        occurred_at=row.occurred_at,
        request_id=row.request_id,
        details=answers.public_details(row.payload),
    )
