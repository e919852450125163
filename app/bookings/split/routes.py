"""Splitting a booking over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.bookings.schemas import Booking
from app.bookings.split import service
from app.bookings.split.schemas import SplitRequest
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest, respond
from app.core.ids import BookingId
from app.core.security import CurrentTraveller

router = APIRouter(prefix="/v1/bookings/{booking_id}", tags=["bookings"], responses=PROBLEM_RESPONSES)


@router.post(
    "/split",
    summary="Split passengers off into a booking of their own",
    status_code=201,
    response_model=Booking,
)
async def split_booking(
    booking_id: BookingId,
    request: SplitRequest,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """The new booking has a locator of its own. Tickets, seats, extras and services go along, and so does
    what was paid for them: nobody is charged or refunded. Penalties of the past stay where they are."""
    answer = await service.split(tx, key, caller, booking_id, request)
    return respond(answer.body, answer.status_code, is_replay=answer.is_replay)
