"""Searches there and back, over several cities and with changes of planes."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
import pytest

from app.core.ids import encode
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

WIDE = {
    "economy": {"Y": 60, "B": 50, "M": 40, "H": 30, "Q": 20, "K": 10},
    "business": {"J": 8, "C": 6, "D": 4},
}
ADULT = {"type": "adult"}
_days = count(0)


@pytest.fixture
def morning() -> datetime:
    """Eight in the morning in New York, on days no other test has flights on."""
    return datetime(2034, 1, 10, 13, 0, tzinfo=UTC) + timedelta(days=10 * next(_days))


def fly(
    owner: Owner,
    origin: str,
    destination: str,
    departs_at: datetime,
    hours: float = 6,
    **cabins: dict[str, int],
) -> Departure:
    return make_departure(
        owner, origin=origin, destination=destination, departs_at=departs_at, live_at=departs_at,
        cabins=cabins or WIDE, flight_time=timedelta(hours=hours), distance_km=int(700 * hours),
    )  # fmt: skip


async def search(
    client: httpx2.AsyncClient, *slices: tuple[str, str, datetime], **more: Any
) -> dict[str, Any]:
    body = {
        "slices": [
            {"origin": origin, "destination": destination, "departure_date": day.date().isoformat()}
            for origin, destination, day in slices
        ],
        "passengers": [ADULT],
    }
    answer = await client.post("/v1/offer-requests", json=body | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def flights_of(offer: dict[str, Any]) -> list[list[str]]:
    return [[segment["flight_id"] for segment in part["segments"]] for part in offer["slices"]]


def ids(*departures: Departure) -> list[str]:
    return [encode("flt", departure.flight_id) for departure in departures]


async def test_there_and_back_is_one_offer_whose_lines_add_up(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    out, back = fly(owner, "JFK", "LAX", morning), fly(owner, "LAX", "JFK", morning + timedelta(days=2))

    found = await search(client, ("JFK", "LAX", morning), ("LAX", "JFK", morning + timedelta(days=2)))

    assert [offer["brand"] for offer in found["offers"]] == ["Basic", "Standard", "Flex"]
    for offer in found["offers"]:
        assert flights_of(offer) == [ids(out), ids(back)]
        (price,) = offer["passengers"]
        assert len(price["segment_fares"]) == 2
        assert (
            sum(line["amount"]["amount_minor"] for line in price["breakdown"])
            == (price["total"]["amount_minor"])
        )
        assert {line["segment"] for line in price["breakdown"]} == {0, 1}
        assert [tax["code"] for tax in price["taxes"]] == ["TRT", "SGF", "SEC"]
        assert price["taxes"][2]["amount"]["amount_minor"] == 2 * 560
        assert (await client.get(f"/v1/offers/{offer['id']}")).json() == offer


async def test_a_fare_with_a_minimum_stay_is_sold_for_a_stay_as_long(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    """Two days are too short for K21R3BAS, three are enough, and one way is no stay at all."""
    fly(owner, "JFK", "LAX", morning)
    for days in (2, 3):
        fly(owner, "LAX", "JFK", morning + timedelta(days=days))

    cheapest = {}
    for days in (2, 3):
        back = ("LAX", "JFK", morning + timedelta(days=days))
        cheapest[days] = (await search(client, ("JFK", "LAX", morning), back))["offers"][0]
    one_way = (await search(client, ("JFK", "LAX", morning)))["offers"][0]

    assert cheapest[2]["fare_basis"] == one_way["fare_basis"] == "K21BAS"
    assert cheapest[3]["fare_basis"] == "K21R3BAS"


async def test_several_cities_are_flown_in_their_order(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    days = [morning + timedelta(days=step) for step in (0, 2, 4)]
    legs = [("JFK", "ORD"), ("ORD", "DEN"), ("DEN", "JFK")]
    flown = [fly(owner, *leg, day, 3) for leg, day in zip(legs, days, strict=True)]

    found = await search(client, *((*leg, day) for leg, day in zip(legs, days, strict=True)))

    assert flights_of(found["offers"][0]) == [ids(each) for each in flown]


async def test_the_way_back_begins_after_the_way_out_has_ended(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    """Both on one day: the early flight back is in the air while the way out still is."""
    fly(owner, "JFK", "LAX", morning, 6)
    fly(owner, "LAX", "JFK", morning + timedelta(hours=2))
    late = fly(owner, "LAX", "JFK", morning + timedelta(hours=8))

    found = await search(client, ("JFK", "LAX", morning), ("LAX", "JFK", morning))

    assert {tuple(flights_of(offer)[1]) for offer in found["offers"]} == {tuple(ids(late))}


async def test_each_flight_of_a_connection_is_sold_in_the_cheapest_class_it_has(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    first = fly(owner, "JFK", "ORD", morning, 2, economy={"Y": 9, "M": 9, "H": 9, "Q": 9, "K": 9})
    last = fly(owner, "ORD", "LAX", morning + timedelta(hours=4), 4, economy={"Y": 5, "M": 2, "Q": 2})

    found = await search(client, ("JFK", "LAX", morning))

    classes = {
        offer["brand"]: [segment["fare_class"] for segment in offer["slices"][0]["segments"]]
        for offer in found["offers"]
    }
    assert classes == {"Basic": ["K", "Q"], "Standard": ["H", "M"], "Flex": ["Y", "Y"]}
    basic = found["offers"][0]
    assert flights_of(basic) == [ids(first, last)]
    assert (basic["fare_class"], basic["seats_left"]) == ("K", 2)
    bases = [line["code"] for line in basic["passengers"][0]["breakdown"] if line["kind"] == "fare"]
    assert bases == ["K21BAS", "Q14BAS"]


async def test_offers_come_in_the_order_asked_for(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    """A flight that is slow, and cheaper by a shorter way; one that is fast; and a connection between."""
    slow = fly(owner, "JFK", "LAX", morning, 6)
    owner.execute(
        "update app.flights set arrives_at = arrives_at + interval '9 hours' where id = %s", (slow.flight_id,)
    )
    fast = fly(owner, "JFK", "LAX", morning, 7)
    fly(owner, "JFK", "ORD", morning, 1)
    fly(owner, "ORD", "LAX", morning + timedelta(hours=2), 2)

    def first(found: dict[str, Any]) -> tuple[list[str], int]:
        segments = found["offers"][0]["slices"][0]["segments"]
        return [segment["flight_id"] for segment in segments], len(segments)

    async def sorted_by(order: str) -> tuple[list[str], int]:
        return first(await search(client, ("JFK", "LAX", morning), max_stops=1, sort=order))

    assert (await sorted_by("fastest"))[1] == 2
    assert await sorted_by("cheapest") != await sorted_by("fewest_stops")
    assert await sorted_by("fewest_stops") == (ids(slow), 1)
    assert (await sorted_by("best"))[0] != ids(slow)
    assert (await search(client, ("JFK", "LAX", morning), max_stops=0, sort="fastest"))["offers"][0][
        "slices"
    ][0]["segments"][0]["flight_id"] == ids(fast)[0]


async def test_nothing_dearer_than_the_most_one_will_pay_is_offered(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    fly(owner, "JFK", "LAX", morning)
    every = (await search(client, ("JFK", "LAX", morning)))["offers"]
    most = every[1]["total"]["amount_minor"]

    found = await search(client, ("JFK", "LAX", morning), max_total_minor=most)

    assert [offer["brand"] for offer in found["offers"]] == [offer["brand"] for offer in every[:2]]


async def test_cabins_are_compared_in_one_answer(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    fly(owner, "JFK", "LAX", morning)

    offers = (await search(client, ("JFK", "LAX", morning), cabins=["economy", "business"]))["offers"]

    assert {offer["cabin"] for offer in offers} == {"economy", "business"}
    co2 = {offer["cabin"]: offer["co2"]["kg_per_passenger"] for offer in offers}
    assert 0 < co2["economy"] < co2["business"]
    for offer in offers:
        assert {segment["cabin"] for segment in offer["slices"][0]["segments"]} == {offer["cabin"]}


async def test_an_answer_is_cut_to_its_limit_and_says_how_many_there_are(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    fly(owner, "JFK", "LAX", morning)

    found = await search(client, ("JFK", "LAX", morning), limit=2)

    assert (len(found["offers"]), found["offers_found"]) == (2, 3)
    every = (await client.get(f"/v1/offer-requests/{found['id']}/offers")).json()
    assert [offer["brand"] for offer in every["data"]] == ["Basic", "Standard", "Flex"]
    assert every["data"][:2] == found["offers"]


async def test_offers_are_read_in_pages_both_ways(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    for hour in (0, 1):
        fly(owner, "JFK", "LAX", morning + timedelta(hours=hour))
    found = await search(client, ("JFK", "LAX", morning))
    address = f"/v1/offer-requests/{found['id']}/offers?limit=4"

    first = (await client.get(address)).json()
    second = (await client.get(f"{address}&after={first['meta']['after']}")).json()
    back = (await client.get(f"{address}&before={second['meta']['before']}")).json()

    assert first["data"] + second["data"] == found["offers"]
    assert (second["meta"]["after"], back["data"]) == (None, first["data"])
    assert (await client.get(f"{address}&after=bm9uc2Vuc2U")).status_code == 422
    assert (await client.get(f"/v1/offer-requests/orq_{'0' * 32}/offers")).status_code == 404


async def test_nine_passengers_are_priced_one_by_one_and_add_up(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    fly(owner, "JFK", "LAX", morning)
    party = [ADULT] * 3 + [{"type": "child"}] * 3 + [{"type": "infant"}] * 3

    offers = (await search(client, ("JFK", "LAX", morning), passengers=party))["offers"]

    for offer in offers:
        totals = [price["total"]["amount_minor"] for price in offer["passengers"]]
        assert len(totals) == 9
        assert sum(totals) == offer["total"]["amount_minor"]


async def test_there_is_a_flight_on_the_leap_day(owner: Owner, client: httpx2.AsyncClient) -> None:
    leap_day = datetime(2032, 2, 29, 13, 0, tzinfo=UTC)
    flown = fly(owner, "JFK", "DEN", leap_day, 4)

    found = await search(client, ("JFK", "DEN", leap_day))

    assert flights_of(found["offers"][0]) == [ids(flown)]
    answer = await client.post(
        "/v1/offer-requests",
        json={
            "slices": [{"origin": "JFK", "destination": "DEN", "departure_date": "2033-02-29"}],
            "passengers": [ADULT],
        },
    )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"passengers": [{"type": "infant"}]}, "/passengers"),
        ({"passengers": [ADULT] * 10}, "/passengers"),
        ({"passengers": []}, "/passengers"),
        ({"max_stops": 3}, "/max_stops"),
        ({"max_stops": -1}, "/max_stops"),
        ({"airlines": []}, "/airlines"),
        ({"airlines": ["jetblue"]}, "/airlines/0"),
        ({"cabins": []}, "/cabins"),
        ({"sort": "prettiest"}, "/sort"),
        ({"limit": 0}, "/limit"),
        ({"limit": 251}, "/limit"),
        ({"max_total_minor": -1}, "/max_total_minor"),
        ({"slices": []}, "/slices"),
        ({"slices": "JFK"}, "/slices"),
    ],
)
async def test_what_cannot_be_meant_is_refused_where_it_stands(
    client: httpx2.AsyncClient, wrong: dict[str, Any], pointer: str
) -> None:
    asked = {
        "slices": [{"origin": "JFK", "destination": "LAX", "departure_date": "2034-01-01"}],
        "passengers": [ADULT],
    }

    answer = await client.post("/v1/offer-requests", json=asked | wrong)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("days", "status"), [((0, 2), 201), ((0, 0), 201), ((0, -1), 201), ((0, -2), 422), ((0, 0, 0, 0, 0), 201)]
)
async def test_slices_go_forward_but_for_the_date_line(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime, days: tuple[int, ...], status: int
) -> None:
    fly(owner, "JFK", "LAX", morning)
    slices = [
        {
            "origin": ("JFK", "LAX")[place % 2],
            "destination": ("LAX", "JFK")[place % 2],
            "departure_date": (morning + timedelta(days=step)).date().isoformat(),
        }
        for place, step in enumerate(days)
    ]

    answer = await client.post("/v1/offer-requests", json={"slices": slices, "passengers": [ADULT]})

    assert answer.status_code == status, answer.text


async def test_an_unknown_airport_is_named_where_it_stands(
    owner: Owner, client: httpx2.AsyncClient, morning: datetime
) -> None:
    fly(owner, "JFK", "LAX", morning)
    slices = [
        {"origin": "JFK", "destination": "LAX", "departure_date": morning.date().isoformat()},
        {"origin": "LAX", "destination": "QQQ", "departure_date": morning.date().isoformat()},
    ]

    answer = await client.post("/v1/offer-requests", json={"slices": slices, "passengers": [ADULT]})

    assert (answer.status_code, answer.json()["code"]) == (422, "airport_unknown")
    assert answer.json()["errors"][0]["pointer"] == "/slices/1/destination"
