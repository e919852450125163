"""Bad input and bad moments: each a clear refusal, and nothing written."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.ids import uuid7
from tests.app.bookings.travellers import Traveller, booking_request, counters, departing, scalar
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def bookings_of(owner: Owner, traveller: Traveller) -> int:
    return int(scalar(owner, "select count(*) from app.bookings where user_id = %s", traveller.user_id))


async def test_expired_offer_is_refused(traveller: Traveller, owner: Owner) -> None:
    offer = await traveller.offer(departing(owner))
    later = traveller.at(datetime.fromisoformat(offer["expires_at"]))

    answer = await later.post("/v1/bookings", booking_request(offer))

    assert (answer.status_code, answer.json()["code"]) == (409, "offer_expired")
    assert answer.headers["content-type"] == "application/problem+json"
    assert bookings_of(owner, traveller) == 0


async def test_offer_that_never_was_is_not_found(traveller: Traveller, owner: Owner) -> None:
    offer = await traveller.offer(departing(owner))

    answer = await traveller.post("/v1/bookings", booking_request(offer | {"id": f"off_{uuid7().hex}"}))

    assert answer.status_code == 404


async def test_flight_whose_sale_has_closed_since_the_offer_is_refused(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    offer = await traveller.at(departure.departs_at - timedelta(minutes=70)).offer(departure)
    at_closing = traveller.at(departure.departs_at - timedelta(minutes=60))

    answer = await at_closing.post("/v1/bookings", booking_request(offer))

    assert (answer.status_code, answer.json()["code"]) == (409, "flight_closed")
    assert counters(owner, departure) == (0, 0)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"passengers": []}, "/passengers"),
        ({"passengers": [{"type": "child", "given_name": "A", "family_name": "B"}]}, "/passengers"),
        (
            {"passengers": [{"type": "adult", "given_name": "4111111111111111", "family_name": "B"}]},
            "/passengers/0/given_name",
        ),
        ({"passengers": [{"type": "cat", "given_name": "A", "family_name": "B"}]}, "/passengers/0/type"),
        ({"contact": {"email": "nowhere"}}, "/contact/email"),
        ({"contact": {"email": "a@example.com", "phone": "12"}}, "/contact/phone"),
        ({"contact": None}, "/contact"),
        ({"offer_id": "bkg_0197f3a25b6c7d8e9f00112233445566"}, "/offer_id"),
        ({"offer_id": 7}, "/offer_id"),
        ({"discount": 100}, "/discount"),
    ],
)
async def test_malformed_booking_is_refused_with_a_pointer(
    traveller: Traveller, owner: Owner, change: dict[str, Any], pointer: str
) -> None:
    body = booking_request(await traveller.offer(departing(owner))) | change

    answer = await traveller.post("/v1/bookings", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert bookings_of(owner, traveller) == 0


async def test_what_is_not_json_is_refused(traveller: Traveller) -> None:
    headers = traveller.headers("broken") | {"content-type": "application/json"}

    answer = await traveller.client.post("/v1/bookings", content=b'{"offer_id": ', headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


async def test_caller_who_is_nobody_is_refused(traveller: Traveller) -> None:
    answers = [
        await traveller.client.get("/v1/bookings"),
        await traveller.client.post("/v1/bookings", json={}, headers={"idempotency-key": "k"}),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]


@pytest.mark.parametrize("text", ["K7M2PX", "bkg_1", "bkg_" + "0" * 32, "pay_" + "0" * 32])
async def test_id_that_is_no_booking_of_ours_shows_nothing(traveller: Traveller, text: str) -> None:
    answer = await traveller.get(f"/v1/bookings/{text}")

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_nobody_is_promised_a_seat_twice(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner, seats={"Y": 2})
    body = booking_request(await traveller.offer(departure, ("adult", "adult")), ("adult", "adult"))
    assert (await traveller.post("/v1/bookings", body)).status_code == 201

    answer = await traveller.post("/v1/bookings", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "sold_out")
    assert bookings_of(owner, traveller) == 1
    assert counters(owner, departure) == (2, 0)
