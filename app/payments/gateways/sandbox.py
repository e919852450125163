"""The sandbox provider, spoken to over HTTP as any provider would be."""

import ssl
from functools import lru_cache
from typing import Any

import httpx2
from anyio import fail_after

from app.payments.gateways.base import (
    GATEWAY_LIMIT,
    Card,
    Charge,
    ChargeStatus,
    GatewayRefund,
    ResultUnknown,
)


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

    async def charge(self, key: str, token: str, amount_minor: int, currency: str) -> Charge:
        order = {"key": key, "token": token, "amount_minor": amount_minor, "currency": currency}
        return _charge(await self._ask("POST", "/v1/charges", order))

    async def settle(self, key: str) -> Charge:
        found = await self._ask("GET", f"/v1/charges/{key}")
        if found.status_code == 404:
            found = await self._ask("POST", f"/v1/charges/{key}/void")
        return _charge(found)

    async def refund(self, key: str, charge_key: str, amount_minor: int) -> GatewayRefund:
        order = {"key": key, "charge_key": charge_key, "amount_minor": amount_minor}
        answer = await self._ask("POST", "/v1/refunds", order)
        if answer.status_code == 422:
            return GatewayRefund(is_done=False, reference=None)
        return GatewayRefund(is_done=True, reference=_body(answer)["reference"])

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        """One call. No answer in time, a broken connection and a 5xx are all the same: unknown."""
        try:
            with fail_after(GATEWAY_LIMIT.total_seconds()):
                async with httpx2.AsyncClient(base_url=self._url, verify=_tls()) as client:
                    answer = await client.request(method, path, json=body)
        except (httpx2.TransportError, TimeoutError) as error:
            raise ResultUnknown(type(error).__name__) from error
        if answer.status_code >= 500:
            raise ResultUnknown(f"status {answer.status_code}")
        return answer


def _charge(answer: httpx2.Response) -> Charge:
    body = _body(answer)
    return Charge(ChargeStatus(body["status"]), body["reference"], body["decline_code"])


def _body(answer: httpx2.Response) -> dict[str, Any]:
    """What a successful answer holds. Any other is our mistake, and fails loudly."""
    answer.raise_for_status()
    body = answer.json()
    assert isinstance(body, dict)
    return body
