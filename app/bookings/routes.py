"""Booking, paying and cancelling over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from app.bookings import cancellation_service, hold_service, payment_service, service
from app.bookings.schemas import (
    Answer,
    Booking,
    BookingHistory,
    BookingRequest,
    BookingSummary,
    Cancellation,
    CancellationConfirmation,
    CancellationRequest,
    PaymentRequest,
    Repricing,
    Shown,
)
from app.core.db import Transaction
from app.core.etags import tag
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import REPLAYED_HEADER, IdempotentRequest
from app.core.ids import BookingId, CancellationId, PaymentId
from app.core.pages import Page, PageRequest
from app.core.security import CurrentTraveller
from app.payments.schemas import Payment, RefundTo

AsOf = Annotated[
    AwareDatetime | None,
    Query(description="A moment of the past", examples=["2026-12-01T13:15:00Z"]),
]

router = APIRouter(prefix="/v1", responses=PROBLEM_RESPONSES)


def answer_of(answer: Answer[Shown]) -> Response:
    headers = {REPLAYED_HEADER: "true"} if answer.is_replay else None
    return Response(answer.body.model_dump_json(), answer.status_code, headers, "application/json")


@router.post(
    "/bookings",
    summary="Book an offer and hold its seats",
    tags=["bookings"],
    status_code=201,
    response_model=Booking,
    responses={202: {"model": Booking, "description": "Held; the gateway has not answered yet"}},
)
async def create_booking(
    request: BookingRequest, caller: CurrentTraveller, key: IdempotentRequest
) -> Response:
    """The seats are held for 15 minutes, or with `hold: pay_later` for up to a day; without a payment by then
    the booking expires. With `payment` it is paid in the same request: 201 with what became of both."""
    if request.payment is not None:
        return answer_of(await service.book_and_pay(key, caller, request))
    return answer_of(await service.create_booking(key, caller, request))


@router.post(
    "/bookings/{booking_id}/reprice",
    summary="Put a hold at the price of now",
    tags=["bookings"],
    status_code=200,
    response_model=Repricing,
)
async def reprice_booking(
    booking_id: BookingId, caller: CurrentTraveller, key: IdempotentRequest, tx: Transaction
) -> JSONResponse:
    """Needed once the price is no longer promised and has changed: a payment is refused with `price_changed`
    until the new price has been asked for."""
    return await key.once(tx, 200, lambda: hold_service.reprice(tx, caller, booking_id))


@router.get("/bookings", summary="List your bookings, the newest first", tags=["bookings"], status_code=200)
async def list_bookings(
    caller: CurrentTraveller, tx: Transaction, paging: PageRequest
) -> Page[BookingSummary]:
    return paging.answer(await service.list_bookings(tx, caller, paging.window))


@router.get("/bookings/{booking_id}", summary="Read a booking", tags=["bookings"], status_code=200)
async def get_booking(
    booking_id: BookingId, caller: CurrentTraveller, response: Response, tx: Transaction, as_of: AsOf = None
) -> Booking:
    """With `as_of`, as it stood at that moment: rebuilt from what its rows were, with the names of today."""
    booking = await service.get_booking(tx, caller, booking_id, as_of)
    tag(response, booking.version)
    return booking


@router.get(
    "/bookings/{booking_id}/history",
    summary="Read what happened to a booking",
    tags=["bookings"],
    status_code=200,
)
async def get_booking_history(
    booking_id: BookingId, caller: CurrentTraveller, tx: Transaction
) -> BookingHistory:
    return await service.get_history(tx, caller, booking_id)


@router.post(
    "/bookings/{booking_id}/payments",
    summary="Pay for a held booking",
    tags=["payments"],
    status_code=201,
    response_model=Payment,
    responses={202: {"model": Payment, "description": "The gateway has not answered yet; read it again"}},
)
async def pay_booking(
    booking_id: BookingId, request: PaymentRequest, caller: CurrentTraveller, key: IdempotentRequest
) -> Response:
    """A declined card answers 201 with status `failed` and a `decline_code`: the attempt exists, and a
    repeat of the same key shows it again. Try another card under a new key while the hold lives."""
    return answer_of(await payment_service.pay(key, caller, booking_id, request))


@router.get("/payments/{payment_id}", summary="Read a payment", tags=["payments"], status_code=200)
async def get_payment(payment_id: PaymentId, caller: CurrentTraveller, tx: Transaction) -> Payment:
    return await payment_service.get_payment(tx, caller, payment_id)


@router.post(
    "/bookings/{booking_id}/cancellations",
    summary="Quote what cancelling would cost",
    tags=["bookings"],
    status_code=201,
    response_model=Cancellation,
)
async def quote_cancellation(
    booking_id: BookingId,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    tx: Transaction,
    request: CancellationRequest | None = None,
) -> JSONResponse:
    """Nothing is cancelled yet. The quote lives 30 minutes, and ends the quotes before it.

    Without a body all of it; else these passengers, on these slices. Within 24 hours of a purchase made a
    week or more before departure all comes back; after that by the fare's rules, and taxes always. Extras
    are kept, unless the flight is off."""
    return await key.once(tx, 201, lambda: cancellation_service.quote(tx, caller, booking_id, request))


@router.post(
    "/cancellations/{cancellation_id}/confirm",
    summary="Cancel as quoted",
    tags=["bookings"],
    status_code=200,
    response_model=Cancellation,
)
async def confirm_cancellation(
    cancellation_id: CancellationId,
    caller: CurrentTraveller,
    key: IdempotentRequest,
    request: CancellationConfirmation | None = None,
) -> Response:
    refund_to = request.refund_to if request else RefundTo.PAYMENT
    return answer_of(await cancellation_service.confirm(key, caller, cancellation_id, refund_to))
