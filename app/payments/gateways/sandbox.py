"""The sandbox provider, spoken to over HTTP as any provider would be."""

import base64
import json
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpx2
import stamina
from anyio import fail_after
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

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

# A connection that was refused has moved nothing, so it is tried again: soon, and not for long.
CONNECT_ATTEMPTS = 3
CONNECT_WAIT_SECONDS = 0.05


@lru_cache
def _tls() -> ssl.SSLContext:
    """Made once a process: it takes longer to make than a call takes."""
    return ssl.create_default_context()


class SandboxGateway:
    name = "sandbox"

    def __init__(self, url: str) -> None:
        self._url = url

    async def look_up(self, token: str) -> Card | None:
        answer = await self._ask("GET", f"/v1/tokens/{token}")
        if answer.status_code == 404:
            return None
        body = _body(answer)
        return Card(body["fingerprint"], body["country"], body["brand"], body["last4"])

    async def authorise(self, order: ChargeOrder) -> Charge:
        return await self._charge(order, capture=False)

    async def charge(self, order: ChargeOrder) -> Charge:
        return await self._charge(order, capture=True)

    async def capture(self, order: ChargeOrder) -> Charge:
        answer = await self._ask(
            "POST", f"/v1/charges/{order.key}/capture", {"amount_minor": order.amount_minor}
        )
        # Refused: it is no longer set aside. What it is then, its state says.
        return await self.settle(order) if answer.status_code == 409 else _charge(_body(answer))

    async def void(self, order: ChargeOrder) -> Charge:
        return _charge(_body(await self._ask("POST", f"/v1/charges/{order.key}/void")))

    async def settle(self, order: ChargeOrder) -> Charge:
        found = await self._ask("GET", f"/v1/charges/{order.key}")
        return await self.void(order) if found.status_code == 404 else _charge(_body(found))

    async def refund(self, key: str, charge: ChargeOrder, amount_minor: int) -> GatewayRefund:
        order = {"key": key, "charge_key": charge.key, "amount_minor": amount_minor}
        answer = await self._ask("POST", "/v1/refunds", order)
        if answer.status_code == 422:
            return GatewayRefund(RefundResult.FAILED)
        body = _body(answer)
        return GatewayRefund(RefundResult(body["status"]), body["reference"])

    async def read_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        secret = base64.b64encode(get_settings().secret("gateway_webhook_secret").encode()).decode()
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError) as error:
            raise SignatureInvalid(str(error)) from None
        event = json.loads(body)
        return GatewayEvent(event["id"], event["type"], _notice(event["type"], event["data"]))

    async def _charge(self, order: ChargeOrder, *, capture: bool) -> Charge:
        asked = {
            "key": order.key,
            "token": order.token,
            "amount_minor": order.amount_minor,
            "currency": order.currency,
            "capture": capture,
            "return_url": order.return_url,
        }
        return _charge(_body(await self._ask("POST", "/v1/charges", asked)))

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        """One call. No answer in time, a broken connection and a 5xx are all the same: unknown."""
        try:
            with fail_after(GATEWAY_LIMIT.total_seconds()):
                async for attempt in stamina.retry_context(
                    on=httpx2.ConnectError, attempts=CONNECT_ATTEMPTS, wait_initial=CONNECT_WAIT_SECONDS
                ):
                    with attempt:
                        async with httpx2.AsyncClient(base_url=self._url, verify=_tls()) as client:
                            answer = await client.request(method, path, json=body)
        except httpx2.ConnectError as error:
            raise NotAsked(type(error).__name__) from error
        except (httpx2.TransportError, TimeoutError) as error:
            raise ResultUnknown(type(error).__name__) from error
        if answer.status_code >= 500:
            raise ResultUnknown(f"status {answer.status_code}")
        return answer


def _charge(body: dict[str, Any]) -> Charge:
    status = ChargeStatus(body["status"])
    return Charge(status, body["reference"], body["decline_code"], body["next_action_url"])


def _notice(kind: str, data: dict[str, Any]) -> Notice | None:
    about, _, what = kind.partition(".")
    amount = (int(data["amount_minor"]), str(data["currency"]))
    if about == "charge":
        charge = Charge(ChargeStatus(what), data["reference"], data.get("decline_code"))
        return ChargeNotice(charge, data["key"], *amount)
    if about == "refund":
        return RefundNotice(GatewayRefund(RefundResult(what), data["reference"]), data["refund_key"], *amount)
    if about == "dispute":
        result = DisputeResult.OPEN if what == "opened" else DisputeResult(what)
        return DisputeNotice(result, data["reference"], data["key"], None, *amount, data["reason"])
    return None


def _body(answer: httpx2.Response) -> dict[str, Any]:
    """What a successful answer holds. Any other is our mistake, and fails loudly."""
    answer.raise_for_status()
    body = answer.json()
    assert isinstance(body, dict)
    return body
