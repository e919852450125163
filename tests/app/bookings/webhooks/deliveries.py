"""The sandbox gateway's own words: what it would send of a charge, and delivering it to the core."""

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
from standardwebhooks.webhooks import Webhook

from app.bookings import service
from app.core.config import get_settings
from app.core.db import transaction
from tests.app.bookings.travellers import Traveller, key_of, kill_hold, scalar
from tests.app.conftest import Owner
from tests.deploy.local_gateway.process import GatewayProcess

ADDRESS = "/v1/webhooks/sandbox"


@dataclass(frozen=True)
class Delivery:
    body: str
    headers: dict[str, str]

    @property
    def type(self) -> str:
        return str(json.loads(self.body)["type"])

    async def to(self, client: httpx2.AsyncClient) -> httpx2.Response:
        return await client.post(ADDRESS, content=self.body, headers=self.headers)


def deliveries_of(gateway: GatewayProcess, payment: dict[str, Any]) -> list[Delivery]:
    """Everything there is to tell of a payment, the oldest first."""
    answer = httpx2.get(f"{gateway.url}/v1/events", params={"charge_key": payment["id"]})
    answer.raise_for_status()
    return [Delivery(event["payload"], event["headers"]) for event in answer.json()]


def ask(gateway: GatewayProcess, payment: dict[str, Any], what: str, body: Any = None) -> dict[str, Any]:
    """Make something happen at the provider: bring-about, dispute, dispute/close."""
    answer = httpx2.post(f"{gateway.url}/v1/charges/{payment['id']}/{what}", json=body)
    answer.raise_for_status()
    return dict(answer.json())


def approve(gateway: GatewayProcess, payment: dict[str, Any], *, approve: bool = True) -> None:
    """What the customer does at the bank."""
    url = payment["next_action"]["url"]
    httpx2.post(url, json={"approve": approve}).raise_for_status()


async def deliver_all(
    client: httpx2.AsyncClient, gateway: GatewayProcess, payment: dict[str, Any]
) -> list[str]:
    """Deliver everything once, in order; the outcomes."""
    answers = [await each.to(client) for each in deliveries_of(gateway, payment)]
    assert {answer.status_code for answer in answers} <= {200}, [answer.text for answer in answers]
    return [str(answer.json()["outcome"]) for answer in answers]


async def deliver_at_once(
    client: httpx2.AsyncClient, delivery: Delivery, times: int
) -> list[httpx2.Response]:
    return list(await asyncio.gather(*(delivery.to(client) for _ in range(times))))


async def payment_of(traveller: Traveller, payment: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/payments/{payment['id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def let_hold_die(owner: Owner, booking: dict[str, Any], *, swept: bool) -> None:
    kill_hold(owner, booking)
    if swept:
        await sweep()


async def sweep() -> None:
    async with transaction() as session:
        await service.expire_dead_holds(session, datetime.now(UTC))


async def succeed(gateway: GatewayProcess, payment: dict[str, Any]) -> None:
    """Let the provider's result come: late, or by the customer's doing."""
    if payment["next_action"] is None:
        ask(gateway, payment, "bring-about")
    else:
        approve(gateway, payment)


def signed(
    event: dict[str, Any], *, at: datetime | None = None, secret: str | None = None
) -> tuple[str, dict[str, str]]:
    key = secret or get_settings().secret("gateway_webhook_secret")
    webhook = Webhook(base64.b64encode(key.encode()).decode())
    moment, body = (at or datetime.now(UTC)).replace(microsecond=0), json.dumps(event)
    return body, {
        "webhook-id": event["id"],
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": webhook.sign(event["id"], moment, body),
    }


async def post(client: httpx2.AsyncClient, body: str, headers: dict[str, str]) -> httpx2.Response:
    return await client.post(ADDRESS, content=body, headers={"content-type": "application/json"} | headers)


def balance(owner: Owner, booking: dict[str, Any]) -> dict[str, int]:
    """What each account holds on account of a booking, but for those that hold nothing."""
    rows = owner.execute(
        "select account, sum(amount_minor)::bigint from app.journal_entries where booking_id = %s "
        "group by account having sum(amount_minor) <> 0",
        (key_of(booking),),
    )
    return {str(row[0]): int(str(row[1])) for row in rows}


def sold(booking: dict[str, Any]) -> dict[str, int]:
    by_kind = {
        kind: sum(item["amount"]["amount_minor"] for item in booking["items"] if item["kind"] == kind)
        for kind in ("fare", "tax")
    }
    return {"revenue": -by_kind["fare"], "taxes": -by_kind["tax"]}


def flag(owner: Owner, booking: dict[str, Any]) -> str:
    return str(scalar(owner, "select dispute_status from app.bookings where id = %s", key_of(booking)))
