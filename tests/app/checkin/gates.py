"""Travellers who check in and gates that board them, for the tests of check-in."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx2

from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token, mint_service_token
from tests.app.bookings.travellers import Traveller
from tests.app.departures import Departure


@dataclass(frozen=True)
class Gate:
    """The operations staff at the gate of one flight."""

    client: httpx2.AsyncClient
    departure: Departure
    extra: dict[str, str] = field(default_factory=dict)

    def headers(self) -> dict[str, str]:
        token = mint_access_token(uuid7(), uuid7(), [Role.OPERATIONS])
        return {"authorization": f"Bearer {token}", "idempotency-key": uuid7().hex} | self.extra

    def at(self, moment: datetime) -> "Gate":
        simulator = mint_service_token("simulator", [Role.SIMULATOR])
        extra = {"contrail-simulator": simulator, "contrail-now": moment.isoformat()}
        return replace(self, extra=extra)

    def path(self, rest: str = "") -> str:
        return f"/v1/admin/flights/{encode('flt', self.departure.flight_id)}/boarding{rest}"

    async def read(self) -> dict[str, Any]:
        answer = await self.client.get(self.path(), headers=self.headers())
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def post(self, rest: str, body: Any = None) -> httpx2.Response:
        return await self.client.post(self.path(rest), json=body, headers=self.headers(), timeout=30)

    async def scan(self, barcode: str) -> httpx2.Response:
        return await self.post("/scans", {"barcode": barcode})


def gate_of(client: httpx2.AsyncClient, departure: Departure) -> Gate:
    """At half an hour before departure, when boarding is open and check-in is closed."""
    return Gate(client, departure).at(departure.departs_at - timedelta(minutes=30))


def on_the_day(
    traveller: Traveller, departure: Departure, before: timedelta = timedelta(hours=3)
) -> Traveller:
    return traveller.at(departure.departs_at - before)


async def buy(
    traveller: Traveller, departure: Departure, types: tuple[str, ...] = ("adult",), brand: str | None = None
) -> dict[str, Any]:
    """A ticketed booking."""
    booking = await traveller.book(departure, types, brand)
    await traveller.pay(booking)
    return await traveller.read(booking)


async def check_in(traveller: Traveller, booking: dict[str, Any], body: Any = None) -> httpx2.Response:
    return await traveller.post(f"/v1/bookings/{booking['id']}/check-in", body or {})


async def passes(traveller: Traveller, booking: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await traveller.get(f"/v1/bookings/{booking['id']}/boarding-passes")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def statuses(booking: dict[str, Any]) -> list[str]:
    return [coupon["status"] for ticket in booking["tickets"] for coupon in ticket["coupons"]]
