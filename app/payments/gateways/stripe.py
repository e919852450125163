"""Stripe, through its own library: PaymentIntents that are confirmed first and captured after.

An intent is made under our key without a card, so that making it again gives the same intent and moves
nothing; the money is asked for by confirming it. To fence a late confirmation the intent is cancelled."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import httpx2
import stripe
from anyio import fail_after, sleep

from app.core.config import get_settings
from app.payments.gateways.base import (
    GATEWAY_LIMIT,
    Card,
    Charge,
    ChargeNotice,
    ChargeOrder,
    ChargeStatus,
    DisputeNotice,
    DisputeResult,
    GatewayEvent,
    GatewayRefund,
    NotAsked,
    Notice,
    RefundNotice,
    RefundResult,
    ResultUnknown,
    SignatureInvalid,
)

# Every call that moves money carries an idempotency key, so the library may repeat it.
NETWORK_RETRIES = 2
TOLERANCE_SECONDS = 300
# A refund is looked for among those of its charge before it is asked: Stripe forgets keys after a day.
REFUNDS_LOOKED_AT = 100

STATUSES = {
    "requires_action": ChargeStatus.REQUIRES_ACTION,
    "requires_capture": ChargeStatus.AUTHORISED,
    "succeeded": ChargeStatus.CAPTURED,
    "processing": ChargeStatus.PENDING,
    "canceled": ChargeStatus.VOIDED,
}
REFUND_RESULTS = {
    "succeeded": RefundResult.DONE,
    "pending": RefundResult.IN_TRANSIT,
    "requires_action": RefundResult.IN_TRANSIT,
    "failed": RefundResult.FAILED,
    "canceled": RefundResult.FAILED,
}
CHARGE_EVENTS = {
    "payment_intent.succeeded": ChargeStatus.CAPTURED,
    "payment_intent.amount_capturable_updated": ChargeStatus.AUTHORISED,
    "payment_intent.payment_failed": ChargeStatus.FAILED,
    "payment_intent.canceled": ChargeStatus.VOIDED,
}
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
DISPUTE_RESULTS = {"won": DisputeResult.WON, "warning_closed": DisputeResult.WON, "lost": DisputeResult.LOST}

Answer = TypeVar("Answer")


class _Client(stripe.HTTPClient):
    """The library's own way to be given an HTTP client: the one this program has."""

    name = "httpx2"

    def __init__(self) -> None:
        super().__init__()
        self._async = httpx2.AsyncClient(timeout=GATEWAY_LIMIT.total_seconds())

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return sleep(secs)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._async.request(method, url, headers=dict(headers), content=post_data or b"")
        except httpx2.TransportError as error:
            failure = stripe.APIConnectionError(type(error).__name__, should_retry=True)  # type: ignore[no-untyped-call]
            raise failure from error
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._async.aclose()


class StripeGateway:
    name = "stripe"

    async def look_up(self, token: str) -> Card | None:
        try:
            found = await self._ask(lambda api: api.v1.payment_methods.retrieve_async(token))
        except stripe.InvalidRequestError:
            return None
        card = found.get("card") or {}
        return Card(
            card.get("fingerprint") or found["id"], card.get("country"), card.get("brand"), card.get("last4")
        )

    async def authorise(self, order: ChargeOrder) -> Charge:
        intent = await self._make(order)
        if intent["status"] not in ("requires_confirmation", "requires_payment_method"):
            return _charge(intent)
        confirm: dict[str, Any] = {"payment_method": order.token}
        if order.return_url is not None:
            confirm["return_url"] = order.return_url
        options = {"idempotency_key": f"{order.key}-confirm"}
        try:
            confirmed = await self._ask(
                lambda api: api.v1.payment_intents.confirm_async(intent["id"], confirm, options)
            )
        except stripe.CardError as refusal:
            body = refusal.json_body["error"] if isinstance(refusal.json_body, dict) else {}
            return Charge(ChargeStatus.FAILED, intent["id"], body.get("decline_code") or refusal.code)
        except stripe.InvalidRequestError:
            # Another call was quicker, or it was cancelled: what stands there says it.
            return await self._read(intent["id"])
        return _charge(confirmed)

    async def charge(self, order: ChargeOrder) -> Charge:
        set_aside = await self.authorise(order)
        if set_aside.status is not ChargeStatus.AUTHORISED:
            return set_aside
        return await self._capture(order, set_aside.reference)

    async def capture(self, order: ChargeOrder) -> Charge:
        return await self._capture(order, await self._reference(order))

    async def void(self, order: ChargeOrder) -> Charge:
        return await self._void(await self._reference(order))

    async def settle(self, order: ChargeOrder) -> Charge:
        found = await self._read(await self._reference(order))
        # Never confirmed, and cancelled now, so that it never will be.
        return await self._void(found.reference) if found.status is ChargeStatus.VOIDED else found

    async def refund(self, key: str, charge: ChargeOrder, amount_minor: int) -> GatewayRefund:
        intent_id = await self._reference(charge)
        listing: dict[str, Any] = {"payment_intent": intent_id, "limit": REFUNDS_LOOKED_AT}
        made = await self._ask(lambda api: api.v1.refunds.list_async(listing))
        for refund in made["data"]:
            if (refund.get("metadata") or {}).get("contrail_refund") == key:
                return GatewayRefund(REFUND_RESULTS[refund["status"]], refund["id"])
        wanted: dict[str, Any] = {
            "payment_intent": intent_id,
            "amount": amount_minor,
            "metadata": {"contrail_refund": key},
        }
        try:
            refund = await self._ask(
                lambda api: api.v1.refunds.create_async(wanted, {"idempotency_key": key})
            )
        except stripe.InvalidRequestError:
            return GatewayRefund(RefundResult.FAILED)
        return GatewayRefund(REFUND_RESULTS[refund["status"]], refund["id"])

    async def read_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        secret = get_settings().secret("stripe_webhook_secret")
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get("stripe-signature", ""), secret, TOLERANCE_SECONDS
            ).to_dict()
        except stripe.SignatureVerificationError as error:
            raise SignatureInvalid(type(error).__name__) from None
        return GatewayEvent(event["id"], event["type"], _notice(event["type"], event["data"]["object"]))

    async def _make(self, order: ChargeOrder) -> Any:
        """The intent under our key, made now or before."""
        wanted: dict[str, Any] = {
            "amount": order.amount_minor,
            "currency": order.currency.lower(),
            "capture_method": "manual",
            "payment_method_types": ["card"],
            "metadata": {"contrail_payment": order.key},
        }
        options = {"idempotency_key": order.key}
        return await self._ask(lambda api: api.v1.payment_intents.create_async(wanted, options))

    async def _reference(self, order: ChargeOrder) -> str:
        """Stripe's name for our charge; an intent is made where there was none, and moves nothing."""
        return order.reference or str((await self._make(order))["id"])

    async def _read(self, intent_id: str) -> Charge:
        intent = await self._ask(lambda api: api.v1.payment_intents.retrieve_async(intent_id))
        return _charge(intent)

    async def _capture(self, order: ChargeOrder, intent_id: str) -> Charge:
        options = {"idempotency_key": f"{order.key}-capture"}
        try:
            return _charge(
                await self._ask(lambda api: api.v1.payment_intents.capture_async(intent_id, {}, options))
            )
        except stripe.InvalidRequestError:
            return await self._read(intent_id)

    async def _void(self, intent_id: str) -> Charge:
        try:
            return _charge(await self._ask(lambda api: api.v1.payment_intents.cancel_async(intent_id)))
        except stripe.InvalidRequestError:
            return await self._read(intent_id)

    async def _ask(self, call: Any) -> Any:
        """One question to Stripe. No answer in time, a broken connection and its own failures: unknown."""
        settings = get_settings()
        client = _Client()
        api = stripe.StripeClient(
            settings.secret("stripe_api_key"),
            base_addresses={"api": settings.stripe_api_base},
            http_client=client,
            max_network_retries=NETWORK_RETRIES,
        )
        try:
            with fail_after(GATEWAY_LIMIT.total_seconds()):
                answer = await call(api)
        except stripe.APIConnectionError as error:
            unreached = isinstance(error.__cause__, httpx2.ConnectError)
            raise (NotAsked if unreached else ResultUnknown)(type(error).__name__) from error
        except stripe.RateLimitError as error:
            raise NotAsked("rate limited") from error
        except (stripe.APIError, TimeoutError) as error:
            raise ResultUnknown(type(error).__name__) from error
        finally:
            await client.close_async()
        return answer.to_dict()


def _charge(intent: Any) -> Charge:
    status = STATUSES.get(intent["status"])
    if status is None:
        # Not confirmed, or confirmed and refused.
        refusal = intent.get("last_payment_error")
        if not refusal:
            return Charge(ChargeStatus.VOIDED, intent["id"])
        return Charge(ChargeStatus.FAILED, intent["id"], refusal.get("decline_code") or refusal.get("code"))
    action = (intent.get("next_action") or {}).get("redirect_to_url") or {}
    return Charge(status, intent["id"], action_url=action.get("url"))


def _notice(kind: str, about: Any) -> Notice | None:
    if kind in CHARGE_EVENTS:
        refusal = about.get("last_payment_error") or {}
        code = refusal.get("decline_code") or refusal.get("code")
        charge = Charge(CHARGE_EVENTS[kind], about["id"], code)
        key = (about.get("metadata") or {}).get("contrail_payment")
        return ChargeNotice(charge, key, about["amount"], about["currency"].upper())
    if kind in REFUND_EVENTS:
        refund = GatewayRefund(REFUND_RESULTS[about["status"]], about["id"])
        key = (about.get("metadata") or {}).get("contrail_refund", "")
        return RefundNotice(refund, key, about["amount"], about["currency"].upper())
    if kind in ("charge.dispute.created", "charge.dispute.closed"):
        result = DISPUTE_RESULTS.get(about["status"], DisputeResult.OPEN)
        money = (about["amount"], about["currency"].upper())
        return DisputeNotice(result, about["id"], None, about["payment_intent"], *money, about["reason"])
    return None
