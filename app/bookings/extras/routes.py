"""Extras of a booking over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.bookings.extras import catalogue_service, service
from app.bookings.extras.schemas import ExtrasOrder, ExtrasOrders, ExtrasRequest
from app.bookings.schemas import PaymentRequest
from app.core.db import Transaction
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import IdempotentRequest, respond
from app.core.ids import BookingId, OrderId
from app.core.security import CurrentTraveller
from app.payments.schemas import Payment

router = APIRouter(prefix="/v1/bookings/{booking_id}", responses=PROBLEM_RESPONSES)


@router.get(
    "/ancillaries", summary="Read what was bought beside the flight, and what may be", tags=["bookings"]
)
async def list_ancillaries(booking_id: BookingId, caller: CurrentTraveller, tx: Transaction) -> ExtrasOrders:
    return await catalogue_service.list_extras(tx, caller, booking_id)


@router.post(
    "/ancillaries",
    summary="Order bags, meals and services",
    tags=["bookings"],
    status_code=201,
    response_model=ExtrasOrder,
)
async def order_ancillaries(
    booking_id: BookingId,
    request: ExtrasRequest,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    """Prices are those of the catalogue. On a hold they are part of what is to be paid, at once; on a ticket
    the order waits 30 minutes for a payment of its own. Seats are chosen with `PUT .../seats`."""
    return await key.once(tx, 201, lambda: catalogue_service.order_extras(tx, caller, booking_id, request))


@router.post(
    "/ancillaries/{order_id}/payments",
    summary="Pay for extras that wait",
    tags=["payments"],
    status_code=201,
    response_model=Payment,
    responses={202: {"model": Payment, "description": "The gateway has not answered yet; read it again"}},
)
async def pay_ancillaries(
    booking_id: BookingId,
    order_id: OrderId,
    request: PaymentRequest,
    caller: CurrentTraveller,
    key: IdempotentRequest,
) -> JSONResponse:
    """What the order holds is had once the money is in; if it cannot be had any more, the money goes back."""
    answer = await service.pay_order(key, caller, booking_id, order_id, request)
    return respond(answer.body, answer.status_code, is_replay=answer.is_replay)
