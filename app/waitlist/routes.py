"""The waitlist over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES, Schema
from app.core.idempotency import IdempotentRequest
from app.core.ids import FlightId, WaitlistEntryId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller, Role, require_role
from app.waitlist import service
from app.waitlist.schemas import JoinRequest, PriorityRequest, WaitlistEntry

router = APIRouter(prefix="/v1", tags=["waitlist"], responses=PROBLEM_RESPONSES)

DESK = [require_role(Role.AGENT, Role.OPERATIONS, Role.ADMIN)]


class FlightWaitlist(Schema):
    """Who waits for a flight or holds an offer, cabin by cabin in the order they are served."""

    data: list[WaitlistEntry]


@router.post(
    "/waitlist",
    summary="Wait for seats on a full flight",
    status_code=201,
    response_model=WaitlistEntry,
)
async def join_waitlist(
    request: JoinRequest, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Seats that come free are held for you in a booking, and you are written to; pay it in time to keep
    them. Refused while there are seats for the party."""
    user_id = caller.user_id
    return await key.once(tx, 201, lambda: service.join(tx, user_id, request))


@router.get("/waitlist", summary="List what you wait for, the newest first", status_code=200)
async def list_waitlist(caller: CurrentCaller, tx: Transaction, paging: PageRequest) -> Page[WaitlistEntry]:
    return paging.answer(await service.list_entries(tx, caller.user_id, paging.window))


@router.get("/waitlist/{entry_id}", summary="Read an entry on the waitlist", status_code=200)
async def get_waitlist_entry(
    entry_id: WaitlistEntryId, caller: CurrentCaller, tx: Transaction
) -> WaitlistEntry:
    return await service.get_entry(tx, caller.user_id, entry_id)


@router.delete("/waitlist/{entry_id}", summary="Leave the waitlist", status_code=200)
async def leave_waitlist(entry_id: WaitlistEntryId, caller: CurrentCaller, tx: Transaction) -> WaitlistEntry:
    """Seats that were offered are given up, and go to the next. Leaving again changes nothing."""
    return await service.leave(tx, caller.user_id, entry_id)


@router.put(
    "/admin/waitlist/{entry_id}/priority",
    summary="Serve an entry before or after others",
    status_code=200,
    dependencies=DESK,
)
async def set_waitlist_priority(
    entry_id: WaitlistEntryId, request: PriorityRequest, caller: CurrentCaller, tx: Transaction
) -> WaitlistEntry:
    return await service.set_priority(tx, caller, entry_id, request)


@router.get(
    "/admin/flights/{flight_id}/waitlist",
    summary="List who waits for a flight",
    status_code=200,
    dependencies=DESK,
)
async def list_flight_waitlist(flight_id: FlightId, tx: Transaction) -> FlightWaitlist:
    return FlightWaitlist(data=await service.list_of_flight(tx, flight_id))
