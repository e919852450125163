"""Finishing payments, paying back by hand, and travel credit over HTTP."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.bookings.paying import service
from app.bookings.paying.schemas import (
    BookingPayments,
    CompensationRequest,
    RefundAnswer,
    RefundRequest,
    SandboxOutcome,
    SandboxOutcomes,
    TravelCredits,
)
from app.bookings.schemas import Answer, Shown
from app.core.config import get_settings
from app.core.db import Transaction
from app.core.errors import NotFound
from app.core.http import PROBLEM_RESPONSES
from app.core.idempotency import REPLAYED_HEADER, IdempotentRequest
from app.core.ids import BookingId, PaymentId, TravelCreditId
from app.core.security import CurrentCaller, CurrentTraveller, Role, require_role, require_step_up
from app.payments import credit_service
from app.payments.gateways.sandbox_outcomes import DECLINE_CODES, WHAT_HAPPENS
from app.payments.schemas import Payment, TravelCredit

router = APIRouter(prefix="/v1", responses=PROBLEM_RESPONSES)


def _answer(answer: Answer[Shown]) -> JSONResponse:
    headers = {REPLAYED_HEADER: "true"} if answer.is_replay else None
    return JSONResponse(answer.body.model_dump(mode="json"), answer.status_code, headers)


@router.get(
    "/bookings/{booking_id}/payments",
    summary="List a booking's payments, refunds and disputes",
    tags=["payments"],
    status_code=200,
)
async def list_booking_payments(
    booking_id: BookingId, caller: CurrentTraveller, tx: Transaction
) -> BookingPayments:
    return await service.list_payments(tx, caller, booking_id)


@router.post(
    "/payments/{payment_id}/confirm",
    summary="Finish a payment whose customer has acted",
    tags=["payments"],
    status_code=200,
    response_model=Payment,
    responses={202: {"model": Payment, "description": "It still waits; see its status"}},
)
async def confirm_payment(
    payment_id: PaymentId, caller: CurrentTraveller, key: IdempotentRequest
) -> JSONResponse:
    """Call it when the customer comes back from `next_action.url`. The webhook of the gateway does the same,
    so it does not matter which of the two comes first."""
    return _answer(await service.confirm_payment(key, caller, payment_id))


@router.post(
    "/payments/{payment_id}/cancel",
    summary="Give up a payment that waits for its customer",
    tags=["payments"],
    status_code=200,
    response_model=Payment,
)
async def cancel_payment(
    payment_id: PaymentId, caller: CurrentTraveller, key: IdempotentRequest
) -> JSONResponse:
    """Another card can then be tried while the hold lives."""
    return _answer(await service.cancel_payment(key, caller, payment_id))


@router.post(
    "/payments/{payment_id}/refunds",
    summary="Pay back by hand",
    tags=["payments"],
    status_code=201,
    response_model=RefundAnswer,
    dependencies=[require_role(Role.AGENT), require_step_up()],
)
async def refund_payment(
    payment_id: PaymentId, request: RefundRequest, caller: CurrentCaller, key: IdempotentRequest
) -> JSONResponse:
    """Without an amount: what was paid and buys nothing. With more, penalties, fees and extras are given up
    for it. What flies has to stay paid for: cancel or change it instead."""
    return _answer(await service.refund_payment(key, caller, payment_id, request))


@router.post(
    "/bookings/{booking_id}/travel-credits",
    summary="Compensate the traveller of a booking with travel credit",
    tags=["payments"],
    status_code=201,
    response_model=TravelCredit,
    dependencies=[require_role(Role.AGENT), require_step_up()],
)
async def compensate_booking(
    booking_id: BookingId,
    request: CompensationRequest,
    caller: CurrentCaller,
    key: IdempotentRequest,
    tx: Transaction,
) -> JSONResponse:
    return await key.once(tx, 201, lambda: service.compensate(tx, caller, booking_id, request))


@router.get("/travel-credits", summary="List your travel credits", tags=["payments"], status_code=200)
async def list_travel_credits(caller: CurrentCaller, tx: Transaction) -> TravelCredits:
    return TravelCredits(data=await credit_service.list_credits(tx, caller.user_id))


@router.get(
    "/travel-credits/{travel_credit_id}", summary="Read a travel credit", tags=["payments"], status_code=200
)
async def get_travel_credit(
    travel_credit_id: TravelCreditId, caller: CurrentTraveller, tx: Transaction
) -> TravelCredit:
    return await service.get_travel_credit(tx, caller, travel_credit_id)


@router.get("/sandbox/outcomes", summary="List the sandbox's card tokens", tags=["sandbox"], status_code=200)
async def list_sandbox_outcomes() -> SandboxOutcomes:
    if not get_settings().is_sandbox:
        raise NotFound("the sandbox's cards exist in the sandbox only")
    return SandboxOutcomes(
        data=[
            SandboxOutcome(
                outcome=outcome,
                token=f"tok_{outcome}_US_4242",
                decline_code=DECLINE_CODES.get(outcome),
                what_happens=what,
            )
            for outcome, what in WHAT_HAPPENS.items()
        ]
    )
