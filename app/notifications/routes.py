"""Notifications over HTTP."""

from fastapi import APIRouter

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller
from app.notifications import service
from app.notifications.schemas import Notification

router = APIRouter(prefix="/v1", tags=["notifications"], responses=PROBLEM_RESPONSES)


@router.get("/me/notifications", summary="List what was sent to me", status_code=200)
async def list_my_notifications(
    caller: CurrentCaller, tx: Transaction, paging: PageRequest
) -> Page[Notification]:
    """The newest first, for the newest bookings of the caller."""
    return paging.answer(await service.list_notifications(tx, caller, paging.window))
