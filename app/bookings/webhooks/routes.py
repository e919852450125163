"""The addresses payment providers call."""

from typing import Any

from fastapi import APIRouter, Request

from app.bookings.webhooks import service
from app.bookings.webhooks.schemas import EventTaken
from app.core.http import PROBLEM_RESPONSES

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks in"], responses=PROBLEM_RESPONSES)


def _body(example: dict[str, Any]) -> dict[str, Any]:
    """What the provider sends. Read as bytes, because those are what it has signed."""
    media = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": media}}}


SANDBOX_BODY = _body({"type": "charge.captured", "data": {"reference": "ch_0197f3a25b6c7d8e"}})
STRIPE_BODY = _body({"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_1"}}})
PAYPAL_BODY = _body({"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "resource": {"id": "3C679366"}})


@router.post(
    "/sandbox", summary="Take a webhook of the sandbox gateway", status_code=200, openapi_extra=SANDBOX_BODY
)
async def take_sandbox_webhook(request: Request) -> EventTaken:
    """Signed as Standard Webhooks. Answered 200 for whatever was understood, so that it is not sent again."""
    return await service.take_event("sandbox", request.headers, await request.body())


@router.post("/stripe", summary="Take a webhook of Stripe", status_code=200, openapi_extra=STRIPE_BODY)
async def take_stripe_webhook(request: Request) -> EventTaken:
    """Signed in the header Stripe-Signature."""
    return await service.take_event("stripe", request.headers, await request.body())


@router.post("/paypal", summary="Take a webhook of PayPal", status_code=200, openapi_extra=PAYPAL_BODY)
async def take_paypal_webhook(request: Request) -> EventTaken:
    """Signed in the headers PayPal-Transmission-*; PayPal itself is asked whether it sent it."""
    return await service.take_event("paypal", request.headers, await request.body())
