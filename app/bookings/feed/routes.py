"""The events of one's bookings over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.bookings.feed import service
from app.bookings.feed.schemas import FeedEvent
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller

router = APIRouter(prefix="/v1", tags=["events"], responses=PROBLEM_RESPONSES)

MAX_TYPES = 20
EventTypes = Annotated[
    list[Annotated[str, Query(pattern="^[A-Z][A-Za-z]{1,59}$")]] | None,
    Query(
        alias="type", max_length=MAX_TYPES, description="Only these types", examples=[["BookingConfirmed"]]
    ),
]


@router.get("/events", summary="Replay what happened to your bookings", status_code=200)
async def list_events(
    caller: CurrentCaller, tx: Transaction, paging: PageRequest, types: EventTypes = None
) -> Page[FeedEvent]:
    """Thirty days, the oldest first, every event once. The newest ten seconds are left out, so that nothing
    can appear later at a place that was already passed. Keep the last `after` and go on from there."""
    return paging.answer(await service.list_events(tx, caller.user_id, types, paging.window))
