"""The sandbox gateway's own words: what it would send of a charge, and delivering it to the core."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx2

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
