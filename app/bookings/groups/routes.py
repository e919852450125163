"""Groups over HTTP: for organisers, and for the agents who quote them."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from app.bookings import payment_service
from app.bookings.groups import service
from app.bookings.groups.schemas import Group, GroupNames, GroupQuote, GroupRequest, GroupStatus
from app.bookings.routes import answer_of
from app.bookings.schemas import PaymentRequest
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest
from app.core.ids import BookingId, GroupId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentCaller, Role, require_role
from app.payments.schemas import Payment, PaymentPurpose

router = APIRouter(prefix="/v1", tags=["groups"], responses=PROBLEM_RESPONSES)

DESK = [require_role(Role.AGENT, Role.ADMIN)]


@router.post("/groups", summary="Ask for seats for a group", status_code=201, response_model=Group)
async def request_group(
    request: GroupRequest, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Ten adults or more. An agent answers with a quote; nothing is held before it is accepted."""
    _ = caller.user_id
    return await key.once(tx, 201, lambda: service.request_group(tx, caller, request))


@router.get("/groups", summary="List your groups, the newest first", status_code=200)
async def list_groups(caller: CurrentCaller, tx: Transaction, paging: PageRequest) -> Page[Group]:
    return paging.answer(await service.list_groups(tx, caller.user_id, None, paging.window))


@router.get("/groups/{group_id}", summary="Read a group", status_code=200)
async def get_group(group_id: GroupId, caller: CurrentCaller, tx: Transaction) -> Group:
    return await service.get_group(tx, caller, group_id)


@router.post(
    "/groups/{group_id}/accept", summary="Accept a quote and hold the block", status_code=200,
    response_model=Group,
)  # fmt: skip
async def accept_group(
    group_id: GroupId, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """All seats or none, in bookings of at most nine. Without a deposit by its time they go back."""
    return await key.once(tx, 200, lambda: service.accept(tx, caller, group_id))


@router.post(
    "/groups/{group_id}/names", summary="Give seats their names", status_code=200, response_model=Group
)
async def add_group_names(
    group_id: GroupId, names: GroupNames, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Any number at a time, until names are due; then seats without one go back and their deposit is kept.
    A booking of the block is paid like any other once all its seats have a name."""
    return await key.once(tx, 200, lambda: service.add_names(tx, caller, group_id, names))


@router.post(
    "/groups/{group_id}/cancel", summary="Give up what a group holds", status_code=200, response_model=Group
)
async def cancel_group(
    group_id: GroupId, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Deposits are kept. What was ticketed stays, and is cancelled as any booking is."""
    return await key.once(tx, 200, lambda: service.cancel(tx, caller, group_id))


@router.post(
    "/groups/{group_id}/bookings/{booking_id}/deposit",
    summary="Pay the deposit of one booking of a block",
    status_code=201,
    response_model=Payment,
    responses={202: {"model": Payment, "description": "The gateway has not answered yet; read it again"}},
)
async def pay_group_deposit(
    group_id: GroupId,
    booking_id: BookingId,
    request: PaymentRequest,
    caller: CurrentCaller,
    key: IdempotentRequest,
) -> Response:
    """Keeps its seats until the rest is due. A declined card answers 201 with status `failed`."""
    paid = await payment_service.pay(key, caller, booking_id, request, PaymentPurpose.DEPOSIT, group_id)
    return answer_of(paid)


@router.get("/admin/groups", summary="List groups, the newest first", status_code=200, dependencies=DESK)
async def list_all_groups(
    tx: Transaction, paging: PageRequest, status: GroupStatus | None = None
) -> Page[Group]:
    return paging.answer(await service.list_groups(tx, None, status, paging.window))


@router.post(
    "/admin/groups/{group_id}/quote",
    summary="Quote a group",
    status_code=200,
    response_model=Group,
    dependencies=DESK,
)
async def quote_group(
    group_id: GroupId, quote: GroupQuote, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """The public fare of a class less a discount, with its deadlines; a new quote replaces the one before."""
    return await key.once(tx, 200, lambda: service.quote(tx, caller, group_id, quote))


@router.post(
    "/admin/groups/{group_id}/decline",
    summary="Decline a group",
    status_code=200,
    response_model=Group,
    dependencies=DESK,
)
async def decline_group(
    group_id: GroupId, caller: CurrentCaller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    return await key.once(tx, 200, lambda: service.decline(tx, caller, group_id))
