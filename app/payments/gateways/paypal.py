"""PayPal, through its own library: orders the customer approves at PayPal, then set aside, then captured.

The library is synchronous, so each call runs in a bounded pool of threads. Our key is PayPal's request id:
an order made again under it is the same order, and none moves money before we set it aside."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx2
import requests
from anyio import CapacityLimiter, fail_after, to_thread
from babel.numbers import get_currency_precision
from paypalserversdk.configuration import Configuration, Server
from paypalserversdk.exceptions.api_exception import ApiException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

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
    LookAgain,
    NotAsked,
    Notice,
    RefundNotice,
    RefundResult,
    ResultUnknown,
    SignatureInvalid,
)

# A thread waits for PayPal as long as GATEWAY_LIMIT; so many may wait at once.
THREADS = 4
TOLERANCE = timedelta(seconds=300)

REFUND_RESULTS = {
    "COMPLETED": RefundResult.DONE,
    "PENDING": RefundResult.IN_TRANSIT,
    "FAILED": RefundResult.FAILED,
    "CANCELLED": RefundResult.FAILED,
}
CHARGE_EVENTS = {
    "PAYMENT.AUTHORIZATION.CREATED": ChargeStatus.AUTHORISED,
    "PAYMENT.AUTHORIZATION.VOIDED": ChargeStatus.VOIDED,
    "PAYMENT.CAPTURE.COMPLETED": ChargeStatus.CAPTURED,
    "PAYMENT.CAPTURE.DENIED": ChargeStatus.FAILED,
    "PAYMENT.CAPTURE.DECLINED": ChargeStatus.FAILED,
}
SELLER_WINS = "RESOLVED_SELLER_FAVOUR"


class _Configuration(Configuration):  # type: ignore[misc]
    """The library knows PayPal's two addresses; the settings say which, or another."""

    def get_base_uri(self, server: Server = Server.DEFAULT) -> str:
        return get_settings().paypal_api_base


@lru_cache
def _client() -> PaypalServersdkClient:
    settings = get_settings()
    credentials = ClientCredentialsAuthCredentials(
        o_auth_client_id=settings.secret("paypal_client_id"),
        o_auth_client_secret=settings.secret("paypal_client_secret"),
    )
    return PaypalServersdkClient(
        config=_Configuration(
            timeout=GATEWAY_LIMIT.total_seconds(), client_credentials_auth_credentials=credentials
        )
    )


@lru_cache
def _limiter() -> CapacityLimiter:
    return CapacityLimiter(THREADS)


class PayPalGateway:
    name = "paypal"

    async def look_up(self, token: str) -> Card | None:
        """Whose account it is only PayPal knows, until the customer has approved."""
        return None if token else Card("", None, "paypal", None)

    async def authorise(self, order: ChargeOrder) -> Charge:
        return await self._advance(order, await self._make(order))

    async def charge(self, order: ChargeOrder) -> Charge:
        charged = await self.authorise(order)
        return await self.capture(order) if charged.status is ChargeStatus.AUTHORISED else charged

    async def capture(self, order: ChargeOrder) -> Charge:
        made = await self._find(order)
        charge = _charge(made)
        authorisation = _newest(made, "authorizations")
        if charge.status is not ChargeStatus.AUTHORISED or authorisation is None:
            return charge
        try:
            await self._ask(
                lambda api: api.payments.capture_authorized_payment(
                    {
                        "authorization_id": authorisation["id"],
                        "paypal_request_id": f"{order.key}-capture",
                        "prefer": "return=representation",
                        "body": {"final_capture": True},
                    }
                )
            )
        except ApiException as refusal:
            if refusal.response_code != 422:
                raise
        return _charge(await self._read(made["id"]))

    async def void(self, order: ChargeOrder) -> Charge:
        """An order not set aside is simply never set aside: nobody but us can do it."""
        made = await self._find(order)
        charge = _charge(made)
        authorisation = _newest(made, "authorizations")
        if charge.status is ChargeStatus.REQUIRES_ACTION:
            return Charge(ChargeStatus.VOIDED, made["id"])
        if charge.status is not ChargeStatus.AUTHORISED or authorisation is None:
            return charge
        try:
            await self._ask(
                lambda api: api.payments.void_payment(
                    {
                        "authorization_id": authorisation["id"],
                        "paypal_request_id": f"{order.key}-void",
                        "prefer": "return=representation",
                    }
                )
            )
        except ApiException as refusal:
            if refusal.response_code != 422:
                raise
        return _charge(await self._read(made["id"]))

    async def settle(self, order: ChargeOrder) -> Charge:
        return await self._advance(order, await self._find(order))

    async def refund(self, key: str, charge: ChargeOrder, amount_minor: int) -> GatewayRefund:
        capture = _newest(await self._find(charge), "captures")
        if capture is None:
            return GatewayRefund(RefundResult.FAILED)
        body = {"amount": _money(amount_minor, charge.currency), "custom_id": key}
        try:
            refund = await self._ask(
                lambda api: api.payments.refund_captured_payment(
                    {
                        "capture_id": capture["id"],
                        "paypal_request_id": key,
                        "prefer": "return=representation",
                        "body": body,
                    }
                )
            )
        except ApiException as refusal:
            if refusal.response_code != 422:
                raise
            return GatewayRefund(RefundResult.FAILED)
        return GatewayRefund(REFUND_RESULTS[refund["status"]], refund["id"])

    async def read_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        """PayPal is asked whether it sent this very body, within five minutes of its sending."""
        try:
            sent_at = datetime.fromisoformat(headers["paypal-transmission-time"])
        except (KeyError, ValueError):
            raise SignatureInvalid("no transmission time") from None
        if sent_at.tzinfo is None or abs(datetime.now(UTC) - sent_at) > TOLERANCE:
            raise SignatureInvalid("too old or too new")
        event = json.loads(body)
        if not await self._is_genuine(headers, body):
            raise SignatureInvalid("PayPal did not send it")
        return GatewayEvent(event["id"], event["event_type"], _notice(event["event_type"], event["resource"]))

    async def _make(self, order: ChargeOrder) -> Any:
        """The order under our key, made now or before."""
        context = {"shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW"}
        if order.return_url is not None:
            context |= {"return_url": order.return_url, "cancel_url": order.return_url}
        wanted = {
            "intent": "AUTHORIZE",
            "purchase_units": [
                {
                    "reference_id": order.key,
                    "custom_id": order.key,
                    "amount": _money(order.amount_minor, order.currency),
                }
            ],
            "payment_source": {"paypal": {"experience_context": context}},
        }
        return await self._ask(
            lambda api: api.orders.create_order(
                {"body": wanted, "paypal_request_id": order.key, "prefer": "return=representation"}
            )
        )

    async def _find(self, order: ChargeOrder) -> Any:
        return await (self._read(order.reference) if order.reference else self._make(order))

    async def _read(self, order_id: str) -> Any:
        return await self._ask(lambda api: api.orders.get_order({"id": order_id}))

    async def _advance(self, order: ChargeOrder, made: Any) -> Charge:
        """Set an order aside as soon as its customer has approved it."""
        if made["status"] != "APPROVED":
            return _charge(made)
        try:
            await self._ask(
                lambda api: api.orders.authorize_order(
                    {
                        "id": made["id"],
                        "paypal_request_id": f"{order.key}-authorise",
                        "prefer": "return=representation",
                    }
                )
            )
        except ApiException as refusal:
            if refusal.response_code != 422:
                raise
            return Charge(ChargeStatus.FAILED, made["id"], "instrument_declined")
        return _charge(await self._read(made["id"]))

    async def _ask(self, call: Callable[[Any], Any]) -> Any:
        """One question to PayPal. No answer in time, a broken connection and its failures: unknown."""
        try:
            answer = await to_thread.run_sync(lambda: call(_client()), limiter=_limiter())
        except requests.ConnectionError as error:
            raise NotAsked(type(error).__name__) from error
        except requests.RequestException as error:
            raise ResultUnknown(type(error).__name__) from error
        except ApiException as error:
            if error.response_code >= 500 or error.response_code == 429:
                raise ResultUnknown(f"status {error.response_code}") from error
            raise
        return json.loads(answer.text) if answer.text else {}

    async def _is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        settings = get_settings()
        named = ("auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time")
        asked = {name.replace("-", "_"): headers.get(f"paypal-{name}", "") for name in named}
        asked["webhook_id"] = settings.secret("paypal_webhook_id")
        # The event goes back as it came, byte for byte: it is that text which was signed.
        question = json.dumps(asked)[:-1].encode() + b', "webhook_event": ' + body + b"}"
        try:
            with fail_after(GATEWAY_LIMIT.total_seconds()):
                async with httpx2.AsyncClient(base_url=settings.paypal_api_base) as client:
                    granted = await client.post(
                        "/v1/oauth2/token",
                        auth=(settings.secret("paypal_client_id"), settings.secret("paypal_client_secret")),
                        data={"grant_type": "client_credentials"},
                    )
                    granted.raise_for_status()
                    token = granted.json()["access_token"]
                    answer = await client.post(
                        "/v1/notifications/verify-webhook-signature",
                        content=question,
                        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
                    )
                    answer.raise_for_status()
        except (httpx2.HTTPError, TimeoutError) as error:
            raise ResultUnknown(type(error).__name__) from error
        return bool(answer.json()["verification_status"] == "SUCCESS")


def _charge(order: Any) -> Charge:
    capture, authorisation = _newest(order, "captures"), _newest(order, "authorizations")
    if capture is not None and capture["status"] in ("COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"):
        return Charge(ChargeStatus.CAPTURED, order["id"])
    if capture is not None:
        is_open = capture["status"] == "PENDING"
        return Charge(ChargeStatus.PENDING if is_open else ChargeStatus.FAILED, order["id"], "capture_denied")
    if authorisation is not None:
        by_status = {
            "CREATED": ChargeStatus.AUTHORISED,
            "PENDING": ChargeStatus.PENDING,
            "VOIDED": ChargeStatus.VOIDED,
        }
        status = by_status.get(authorisation["status"], ChargeStatus.FAILED)
        return Charge(status, order["id"], "authorisation_denied" if status is ChargeStatus.FAILED else None)
    if order["status"] == "VOIDED":
        return Charge(ChargeStatus.VOIDED, order["id"])
    links = {link["rel"]: link["href"] for link in order.get("links", [])}
    return Charge(
        ChargeStatus.REQUIRES_ACTION,
        order["id"],
        action_url=links.get("payer-action") or links.get("approve"),
    )


def _newest(order: Any, kind: str) -> Any:
    found = order["purchase_units"][0].get("payments", {}).get(kind, []) if "purchase_units" in order else []
    return found[-1] if found else None


def _money(amount_minor: int, currency: str) -> dict[str, str]:
    digits = get_currency_precision(currency)
    whole, part = divmod(amount_minor, 10**digits)
    return {"currency_code": currency, "value": f"{whole}.{part:0{digits}d}" if digits else str(whole)}


def _amount(money: Any) -> tuple[int, str]:
    digits = get_currency_precision(money["currency_code"])
    whole, _, part = money["value"].partition(".")
    return int(whole + part.ljust(digits, "0")[:digits]), money["currency_code"]


def _notice(kind: str, about: Any) -> Notice | None:
    if kind == "CHECKOUT.ORDER.APPROVED":
        return LookAgain(about["purchase_units"][0].get("custom_id", ""))
    if kind in CHARGE_EVENTS:
        order_id = about.get("supplementary_data", {}).get("related_ids", {}).get("order_id", "")
        return ChargeNotice(
            Charge(CHARGE_EVENTS[kind], order_id), about.get("custom_id"), *_amount(about["amount"])
        )
    if kind == "PAYMENT.CAPTURE.REFUNDED":
        refund = GatewayRefund(REFUND_RESULTS[about["status"]], about["id"])
        return RefundNotice(refund, about.get("custom_id", ""), *_amount(about["amount"]))
    if kind in ("CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.RESOLVED"):
        code = about.get("dispute_outcome", {}).get("outcome_code")
        decided = DisputeResult.WON if code == SELLER_WINS else DisputeResult.LOST
        return DisputeNotice(
            decided if kind.endswith("RESOLVED") else DisputeResult.OPEN,
            about["dispute_id"],
            about["disputed_transactions"][0].get("custom"),
            None,
            *_amount(about["dispute_amount"]),
            about["reason"].lower(),
        )
    return None
