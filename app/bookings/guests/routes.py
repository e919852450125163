"""Guest access over HTTP."""

from fastapi import APIRouter

from app.bookings.guests import service
from app.bookings.guests.schemas import GuestAccess, GuestAccessRequest
from app.core.http import PROBLEM_RESPONSES

router = APIRouter(prefix="/v1", tags=["bookings"], responses=PROBLEM_RESPONSES)


@router.post("/guest-access", summary="Open one booking without an account", status_code=200)
async def open_booking_as_guest(body: GuestAccessRequest) -> GuestAccess:
    """With the locator and the last name of a passenger. The token opens this booking alone, for an hour.
    Wrong guesses are counted by locator and by address."""
    return await service.open_booking(body)
