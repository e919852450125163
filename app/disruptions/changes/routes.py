"""Schedule changes over HTTP: what is offered, and what the traveller decides."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import REPLAYED_HEADER, IdempotentRequest
from app.core.ids import BookingId, ScheduleChangeId
from app.core.security import CurrentTraveller
from app.disruptions.changes import service
from app.disruptions.changes.schemas import (
    Choice,
    ScheduleChange,
    ScheduleChangeRefunded,
    ScheduleChanges,
)

router = APIRouter(prefix="/v1", tags=["bookings"], responses=PROBLEM_RESPONSES)


@router.get(
    "/bookings/{booking_id}/schedule-changes", summary="List a booking's schedule changes", status_code=200
)
async def list_schedule_changes(
    booking_id: BookingId, caller: CurrentTraveller, tx: Transaction
) -> ScheduleChanges:
    """The newest first. An open one waits for a decision."""
    return await service.list_of_booking(tx, caller, booking_id)


@router.get("/schedule-changes/{schedule_change_id}", summary="Read a schedule change", status_code=200)
async def get_schedule_change(
    schedule_change_id: ScheduleChangeId, caller: CurrentTraveller, tx: Transaction
) -> ScheduleChange:
    return await service.get(tx, caller, schedule_change_id)


@router.post(
    "/schedule-changes/{schedule_change_id}/accept",
    summary="Accept what is proposed",
    status_code=200,
    response_model=ScheduleChange,
)
async def accept_schedule_change(
    schedule_change_id: ScheduleChangeId, caller: CurrentTraveller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Stay on the flight, or take the first option. Its seats were not held: `sold_out` is possible."""
    return await key.once(tx, 200, lambda: service.accept(tx, caller, schedule_change_id))


@router.post(
    "/schedule-changes/{schedule_change_id}/change",
    summary="Choose other flights",
    status_code=200,
    response_model=ScheduleChange,
)
async def choose_other_flights(
    schedule_change_id: ScheduleChangeId,
    body: Choice,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    return await key.once(tx, 200, lambda: service.choose(tx, caller, schedule_change_id, body.option))


@router.post(
    "/schedule-changes/{schedule_change_id}/refund",
    summary="Ask for the money back",
    status_code=200,
    response_model=ScheduleChangeRefunded,
)
async def refund_schedule_change(
    schedule_change_id: ScheduleChangeId, caller: CurrentTraveller, key: IdempotentRequest
) -> JSONResponse:
    """All that was not flown is given back, whatever the fare's conditions; the booking is cancelled."""
    answer, is_repeat = await service.refund(key, caller, schedule_change_id)
    headers = {REPLAYED_HEADER: "true"} if is_repeat else None
    return JSONResponse(answer.model_dump(mode="json"), 200, headers)
