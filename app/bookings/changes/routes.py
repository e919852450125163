"""Changing a booking over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.bookings.changes import service
from app.bookings.changes.schemas import Change, ChangeConfirmation, ChangeRequest
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest, respond
from app.core.ids import BookingId, ChangeId
from app.core.security import CurrentTraveller

router = APIRouter(prefix="/v1", tags=["bookings"], responses=PROBLEM_RESPONSES)


@router.post(
    "/bookings/{booking_id}/changes",
    summary="Quote what changing flights would cost",
    status_code=201,
    response_model=Change,
)
async def quote_change(
    booking_id: BookingId,
    request: ChangeRequest,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """Search for the new flights first, for the same passengers: the offer chosen names them. Nothing is
    changed yet. The quote lives 30 minutes, and ends the quotes before it."""
    return await key.once(tx, 201, lambda: service.quote(tx, caller, booking_id, request))


@router.post(
    "/changes/{change_id}/confirm",
    summary="Change as quoted",
    status_code=200,
    response_model=Change,
    responses={202: {"model": Change, "description": "The gateway has not answered yet; repeat the request"}},
)
async def confirm_change(
    change_id: ChangeId, request: ChangeConfirmation, caller: CurrentTraveller, key: IdempotentRequest
) -> JSONResponse:
    """What is due is charged first, so it needs `payment`. A declined card answers 200 with the change still
    `quoted` and its payment `failed`; money for a change that cannot be had any more goes back by itself."""
    answer = await service.confirm(key, caller, change_id, request)
    return respond(answer.body, answer.status_code, is_replay=answer.is_replay)
