"""The cheapest fare of each day of a month."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tests.app.conftest import Owner
from tests.app.departures import make_departure
from tests.app.pricing.fx.test_service import load_every_rate

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

CLASSES = {"economy": {"Y": 9, "M": 9, "K": 9}}
CALENDAR = "/v1/fare-calendar?origin=JFK&destination=DEN&month=2036-02"
TENTH = datetime(2036, 2, 10, 17, 0, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def departures(owner: Owner) -> None:
    """On the 10th a full and an open flight; on the 11th only dear seats; on the 12th nothing is left."""
    for hours in (0, 3):
        make_departure(
            owner, destination="DEN", departs_at=TENTH + timedelta(hours=hours), live_at=TENTH, cabins=CLASSES
        )
    make_departure(
        owner, destination="DEN", departs_at=TENTH + timedelta(days=1), live_at=TENTH,
        cabins={"economy": {"Y": 9}},
    )  # fmt: skip
    gone = make_departure(
        owner, destination="DEN", departs_at=TENTH + timedelta(days=2), live_at=TENTH, cabins=CLASSES
    )
    owner.execute(
        "update live.availability set seats_open = '{0,0,0}' where flight_id = %s", (gone.flight_id,)
    )
    off = make_departure(
        owner, destination="DEN", departs_at=TENTH + timedelta(days=3), live_at=TENTH, cabins=CLASSES,
        status="cancelled",
    )  # fmt: skip
    assert off


async def test_every_day_of_the_month_has_its_cheapest_fare_or_none(client: httpx2.AsyncClient) -> None:
    answer = await client.get(CALENDAR)

    assert answer.status_code == 200, answer.text
    days = {day["departure_date"]: day for day in answer.json()["data"]}
    assert len(days) == 29
    on_sale = {name: day["fare_basis"] for name, day in days.items() if day["cheapest"]}
    assert on_sale == {"2036-02-10": "K21BAS", "2036-02-11": "YFLEX"}


async def test_a_day_costs_what_a_search_of_it_offers(client: httpx2.AsyncClient) -> None:
    leg = {"origin": "JFK", "destination": "DEN", "departure_date": "2036-02-10"}
    found = await client.post("/v1/offer-requests", json={"slices": [leg], "passengers": [{"type": "adult"}]})

    days = (await client.get(CALENDAR)).json()["data"]

    assert days[9]["cheapest"] == found.json()["offers"][0]["total"]


async def test_prices_are_told_in_any_currency(client: httpx2.AsyncClient) -> None:
    await load_every_rate()

    body = (await client.get(f"{CALENDAR}&currency=EUR")).json()

    assert body["currency"] == body["data"][9]["cheapest"]["currency"] == "EUR"
    assert body["fx"]["base_currency"] == "USD"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("origin=JFK&destination=DEN&month=2036-13", "/(query)/month"),
        ("origin=JFK&destination=DEN&month=february", "/(query)/month"),
        ("origin=JFK&destination=DEN", "/(query)/month"),
        ("origin=QQQ&destination=DEN&month=2036-02", "/(query)/origin"),
        ("origin=JFK&destination=QQQ&month=2036-02", "/(query)/destination"),
        ("origin=JFK&destination=DEN&month=2036-02&cabin=roof", "/(query)/cabin"),
        ("origin=JFK&destination=DEN&month=2036-02&currency=XXX", "/currency"),
    ],
)
async def test_what_is_no_month_or_place_is_refused(
    client: httpx2.AsyncClient, query: str, pointer: str
) -> None:
    answer = await client.get(f"/v1/fare-calendar?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
