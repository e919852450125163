"""Bags, meals and seats, as a flight offers them."""

from datetime import UTC, datetime

import httpx2
import pytest

from app.core.db import transaction
from app.core.ids import encode
from app.pricing import service
from tests.app.conftest import Owner
from tests.app.departures import make_departure
from tests.app.pricing.fx.test_service import load_every_rate

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

DAY = datetime(2031, 5, 4, 16, 0, tzinfo=UTC)


async def test_a_flight_tells_what_each_type_of_passenger_may_buy(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    flight = encode("flt", make_departure(owner, departs_at=DAY).flight_id)

    async def codes(kind: str) -> set[str]:
        answer = await client.get(f"/v1/flights/{flight}/ancillaries?passenger_type={kind}")
        assert answer.status_code == 200, answer.text
        return {entry["code"] for entry in answer.json()["data"]}

    assert {"BAG1", "MEALVEG", "SEATLEGS"} <= await codes("adult")
    assert "SEATLEGS" not in await codes("child")
    assert await codes("infant") == {"PUSHCHAIR"}


async def test_short_flights_serve_no_hot_meals(owner: Owner, client: httpx2.AsyncClient) -> None:
    near = make_departure(owner, departs_at=DAY, destination="ORD", distance_km=999)

    answer = await client.get(f"/v1/flights/{encode('flt', near.flight_id)}/ancillaries")

    assert {entry["code"] for entry in answer.json()["data"] if entry["kind"] == "meal"} == {"SNACK"}


async def test_prices_are_told_in_any_currency(owner: Owner, client: httpx2.AsyncClient) -> None:
    await load_every_rate()
    flight = encode("flt", make_departure(owner, departs_at=DAY, destination="DEN").flight_id)

    answer = await client.get(f"/v1/flights/{flight}/ancillaries?currency=JPY")

    amounts = {entry["code"]: entry["amount"] for entry in answer.json()["data"]}
    assert amounts["BAG1"]["currency"] == "JPY"
    assert amounts["BAG1"]["amount_minor"] > 1000
    refused = await client.get(f"/v1/flights/{flight}/ancillaries?currency=XXX")
    assert (refused.status_code, refused.json()["code"]) == (422, "currency_unavailable")


async def test_a_seat_costs_more_the_better_it_is_and_the_farther_it_goes() -> None:
    async with transaction() as session:
        standard, preferred, legroom = [
            await service.seat_price(session, zone, 3983)
            for zone in ("standard", "preferred", "extra_legroom")
        ]
        near = await service.seat_price(session, "preferred", 500)
        unknown = await service.seat_price(session, "on the wing", 500)

    assert unknown is None
    minor = [0 if price is None else price.amount_minor for price in (near, preferred, legroom)]
    assert standard is not None
    assert 0 < standard.amount_minor < minor[1]
    assert 0 < minor[0] < minor[1] < minor[2]
