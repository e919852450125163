"""A search over HTTP, and the offers it leaves behind."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from app.core.db import transaction
from app.core.ids import decode, encode, uuid7
from app.flights import service as flights
from app.flights.rules import SALE_CLOSES_BEFORE_DEPARTURE
from app.offers import service
from app.offers.errors import OfferExpired
from app.offers.rules import request_key
from tests.app.conftest import Owner
from tests.app.departures import AIRPORTS, make_departure, make_reference

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ADULT = {"type": "adult"}
WIDE = {"economy": {"Y": 20, "B": 18, "M": 15, "H": 12, "Q": 8, "K": 4}, "business": {"J": 4, "C": 3, "D": 2}}
# Each test searches a day of its own, years after any that the tests of other rooms make departures on.
DAYS = iter(range(1_000, 1_400))


def some_day() -> datetime:
    """Noon in New York, a different day each time."""
    today = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0)
    return today + timedelta(days=next(DAYS))


def asked(day: date, **changes: Any) -> dict[str, Any]:
    leg = {"origin": "JFK", "destination": "LAX", "departure_date": day.isoformat()}
    return {"slices": [leg], "passengers": [ADULT]} | changes


async def search(client: httpx2.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/offer-requests", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_search_offers_each_brand_of_each_departure_cheapest_first(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    day = some_day()
    committed = datetime.now(UTC)
    departures = [
        make_departure(owner, departs_at=day + timedelta(hours=hour), cabins=WIDE, live_at=committed)
        for hour in (0, 3)
    ]

    found = await search(client, asked(day.date()))

    assert [offer["brand"] for offer in found["offers"]] == ["Basic"] * 2 + ["Standard"] * 2 + ["Flex"] * 2
    segments = [offer["slices"][0]["segments"][0] for offer in found["offers"]]
    assert {segment["flight_id"] for segment in segments} == {encode("flt", f.flight_id) for f in departures}
    assert segments[0]["duration"] == "PT6H10M"
    cheapest = found["offers"][0]
    assert (cheapest["fare_class"], cheapest["seats_left"]) == ("K", 4)
    assert [segments[0][name] for name in ("cabin", "fare_class", "fare_basis", "fare_product_id")] == [
        cheapest[name] for name in ("cabin", "fare_class", "fare_basis", "fare_product_id")
    ]
    assert (cheapest["source"], cheapest["fx"]) == ("contrail", None)
    assert cheapest["conditions"] == {
        "change_before_departure": None,
        "cancel_before_departure": {"allowed": False, "penalty": None},
    }
    assert datetime.fromisoformat(found["availability"]["as_of"]) == committed
    assert 0 <= found["availability"]["age_ms"] < 60_000


async def test_an_offer_can_be_read_again_as_it_was_made(owner: Owner, client: httpx2.AsyncClient) -> None:
    day = some_day()
    make_departure(owner, departs_at=day, cabins=WIDE, live_at=day)
    found = await search(client, asked(day.date(), passengers=[ADULT, {"type": "child"}, {"type": "infant"}]))

    for offer in found["offers"]:
        assert (await client.get(f"/v1/offers/{offer['id']}")).json() == offer


async def test_a_search_answered_is_a_row_written(owner: Owner, client: httpx2.AsyncClient) -> None:
    day = some_day()
    make_departure(owner, departs_at=day, cabins=WIDE, live_at=day)

    found = await search(client, asked(day.date(), cabin="business"))

    row = owner.execute(
        "select origin, destination, departure_date, cabin, passengers, jsonb_array_length(offers->'picks'), "
        "user_id, expires_at - created_at from app.offer_requests where id = %s",
        (decode("orq", found["id"]),),
    ).fetchone()
    assert row == ("JFK", "LAX", day.date(), "business", [ADULT], 2, None, timedelta(minutes=30))


async def test_an_offer_is_dead_at_its_time(owner: Owner, client: httpx2.AsyncClient) -> None:
    day = some_day()
    make_departure(owner, departs_at=day, cabins=WIDE, live_at=day)
    offer = (await search(client, asked(day.date())))["offers"][0]
    expires_at = datetime.fromisoformat(offer["expires_at"])

    async with transaction() as tx:
        alive = await service.get_offer(tx, decode("off", offer["id"]), expires_at - timedelta(seconds=1))
        with pytest.raises(OfferExpired):
            await service.get_offer(tx, decode("off", offer["id"]), expires_at)

    assert alive.total.amount_minor == offer["total"]["amount_minor"]
    owner.execute(
        "update app.offer_requests set expires_at = now() where id = %s",
        (request_key(decode("off", offer["id"])),),
    )
    answer = await client.get(f"/v1/offers/{offer['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "offer_expired")


async def test_a_party_is_offered_only_classes_that_seat_it(owner: Owner, client: httpx2.AsyncClient) -> None:
    day = some_day()
    make_departure(owner, departs_at=day, cabins={"economy": {"Y": 6, "M": 3, "K": 2}}, live_at=day)
    four_seats = [ADULT] * 3 + [{"type": "child"}, {"type": "infant"}]

    offers = (await search(client, asked(day.date(), passengers=four_seats)))["offers"]

    assert [offer["fare_class"] for offer in offers] == ["Y"]
    assert [price["type"] for price in offers[0]["passengers"]] == [p["type"] for p in four_seats]


async def test_a_flight_in_its_last_hour_is_not_offered(owner: Owner, client: httpx2.AsyncClient) -> None:
    now = datetime.now(UTC)
    closed = make_departure(
        owner, departs_at=now + SALE_CLOSES_BEFORE_DEPARTURE, cabins=WIDE, live_at=now, origin="LHR",
        destination="JFK",
    )  # fmt: skip
    async with transaction() as tx:
        day = (await flights.get_flight(tx, closed.flight_id)).departure_date

    body = asked(day) | {
        "slices": [{"origin": "LHR", "destination": "JFK", "departure_date": day.isoformat()}]
    }

    assert (await search(client, body))["offers"] == []


async def test_fares_bought_ahead_are_counted_in_days_at_the_origin(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    """Seven local days before, class H is still sold; Q and K needed 14 and 21."""
    zone = AIRPORTS["LHR"][5]
    local_today = datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
    day = datetime(local_today.year, local_today.month, local_today.day, 12, tzinfo=UTC) + timedelta(days=7)
    make_departure(owner, departs_at=day, cabins=WIDE, live_at=day, origin="LHR", destination="LAX")
    leg = {"origin": "LHR", "destination": "LAX", "departure_date": day.date().isoformat()}

    offers = (await search(client, asked(day.date()) | {"slices": [leg]}))["offers"]

    assert [offer["fare_class"] for offer in offers] == ["H", "B"]


async def test_nothing_flown_is_an_empty_answer_without_a_freshness(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    make_reference(owner)

    found = await search(client, asked(some_day().date()))

    assert found["offers"] == []
    assert found["availability"] == {"as_of": None, "age_ms": None}


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"passengers": []}, "malformed_request", "/passengers"),
        ({"passengers": [ADULT] * 10}, "malformed_request", "/passengers"),
        ({"passengers": [ADULT, *[{"type": "infant"}] * 2]}, "malformed_request", "/passengers"),
        ({"passengers": [{"type": "dog"}]}, "malformed_request", "/passengers/0/type"),
        ({"slices": []}, "malformed_request", "/slices"),
        ({"cabin": "hold"}, "malformed_request", "/cabin"),
        ({"colour": "red"}, "malformed_request", "/colour"),
    ],
)
async def test_a_malformed_search_points_at_what_is_wrong(
    client: httpx2.AsyncClient, changes: dict[str, Any], code: str, pointer: str
) -> None:
    answer = await client.post("/v1/offer-requests", json=asked(date(2031, 1, 1), **changes))

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("leg", "code", "pointer"),
    [
        ({"origin": "JFK", "destination": "JFK"}, "malformed_request", "/slices/0"),
        ({"origin": "JFK", "destination": "XXX"}, "airport_unknown", "/slices/0/destination"),
        ({"origin": "jfk", "destination": "LAX"}, "malformed_request", "/slices/0/origin"),
    ],
)
async def test_a_slice_goes_from_one_known_airport_to_another(
    owner: Owner, client: httpx2.AsyncClient, leg: dict[str, str], code: str, pointer: str
) -> None:
    make_reference(owner)
    body = asked(date(2031, 1, 1), slices=[leg | {"departure_date": "2031-01-01"}])

    answer = await client.post("/v1/offer-requests", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("offset", [0, 200])
async def test_an_id_that_names_no_offer_is_not_found(
    owner: Owner, client: httpx2.AsyncClient, offset: int
) -> None:
    """The request itself is no offer, and a place past its last offer is none either."""
    day = some_day()
    make_departure(owner, departs_at=day, cabins=WIDE, live_at=day)
    found = await search(client, asked(day.date()))
    key = decode("orq", found["id"])

    for wrong in (uuid7(), type(key)(int=key.int | offset)):
        answer = await client.get(f"/v1/offers/{encode('off', wrong)}")
        assert (answer.status_code, answer.json()["code"]) == (404, "offer_not_found")


async def test_old_requests_are_swept_by_the_time_in_their_keys(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    day = some_day()
    make_reference(owner)
    found = await search(client, asked(day.date()))
    owner.execute(
        "update app.offer_requests set id = app.uuid_floor(now() - interval '3 days') where id = %s",
        (decode("orq", found["id"]),),
    )
    young = await search(client, asked(day.date()))

    async with transaction() as tx:
        swept = await service.sweep_offer_requests(tx, limit=10)

    assert swept == 1
    left = owner.execute(
        "select count(*) from app.offer_requests where id = %s", (decode("orq", young["id"]),)
    ).fetchone()
    assert left == (1,)
