"""Seats held to be paid later, and seats paid for in the request that books them."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.pricing import service as pricing
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
    event_types,
    key_of,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

TWINS = 50
START = datetime.now(UTC).replace(microsecond=0)


async def hold_for_later(traveller: Traveller, departure: Departure) -> dict[str, Any]:
    offer = await traveller.offer(departure, brand="Flex")
    answer = await traveller.post("/v1/bookings", booking_request(offer) | {"hold": "pay_later"})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def instant(
    traveller: Traveller, offer: dict[str, Any], token: str = "tok_ok_US_card", key: str | None = None
) -> httpx2.Response:
    body = booking_request(offer) | {"payment": payment_request(token)}
    return await traveller.post("/v1/bookings", body, key)


@pytest.fixture
def dearer(owner: Owner) -> Iterator[None]:
    """Every price is a tenth higher than it was, for as long as the test goes on."""
    owner.execute("update app.fare_products set multiplier = multiplier * 1.1")
    pricing._read_at = float("-inf")
    yield
    owner.execute("update app.fare_products set multiplier = round(multiplier / 1.1, 3)")
    pricing._read_at = float("-inf")


async def test_seats_are_held_for_a_day_at_a_price_for_half_of_it(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await hold_for_later(traveller.at(START), departure)

    assert booking["payment_required_by"] == (START + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    assert booking["price_guarantee_expires_at"] < booking["payment_required_by"]
    assert counters(owner, departure) == (1, 0)
    later = traveller.at(START + timedelta(hours=23))
    assert "pay" in (await later.read(booking))["available_actions"]
    assert (await later.pay(booking))["status"] == "captured"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_price_that_changed_is_never_charged_unseen(
    traveller: Traveller, owner: Owner, request: pytest.FixtureRequest
) -> None:
    booking = await hold_for_later(traveller.at(START), departing(owner))
    request.getfixturevalue("dearer")
    promised, later = traveller.at(START + timedelta(hours=11)), traveller.at(START + timedelta(hours=13))
    path = f"/v1/bookings/{booking['id']}"

    assert "reprice" not in (await promised.read(booking))["available_actions"]
    early = await promised.post(f"{path}/reprice")
    assert (early.status_code, early.json()["code"]) == (409, "booking_not_repriceable")

    stale = await later.read(booking)
    assert "reprice" in stale["available_actions"]
    assert "pay" not in stale["available_actions"]
    refused = await later.post(f"{path}/payments", payment_request())
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")

    repriced = (await later.post(f"{path}/reprice")).json()
    assert repriced["before"] == booking["total"]
    assert repriced["total"]["amount_minor"] > booking["total"]["amount_minor"]
    payment = await later.pay(booking)
    assert payment["amount"] == repriced["total"]
    assert (await later.read(booking))["total"] == repriced["total"]
    assert "BookingRepriced" in event_types(owner, booking)
    assert_money_is_conserved(owner, booking)


async def test_promised_price_is_paid_though_it_is_dearer_now(
    traveller: Traveller, owner: Owner, request: pytest.FixtureRequest
) -> None:
    booking = await hold_for_later(traveller.at(START), departing(owner))
    request.getfixturevalue("dearer")

    payment = await traveller.at(START + timedelta(hours=11)).pay(booking)

    assert payment["amount"] == booking["total"]


async def test_hold_for_later_expires_at_its_own_time(traveller: Traveller, owner: Owner) -> None:
    booking = await hold_for_later(traveller.at(START), departing(owner))

    assert (await traveller.at(START + timedelta(hours=23, minutes=59)).read(booking))["status"] == "held"
    assert (await traveller.at(START + timedelta(hours=24)).read(booking))["status"] == "expired"


async def test_within_a_day_of_departure_nothing_is_held_for_later(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    near = traveller.at(departure.departs_at - timedelta(hours=20))
    offer = await near.offer(departure)

    answer = await near.post("/v1/bookings", booking_request(offer) | {"hold": "pay_later"})

    assert (answer.status_code, answer.json()["code"]) == (409, "pay_later_refused")
    assert counters(owner, departure) == (0, 0)


async def test_booking_is_paid_in_the_request_that_makes_it(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)

    answer = await instant(traveller, await traveller.offer(departure))

    booking = answer.json()
    assert (answer.status_code, booking["status"], booking["payment"]["status"]) == (
        201,
        "ticketed",
        "captured",
    )
    assert booking["passengers"][0]["given_name"] == "Ada"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


async def test_fifty_instant_twins_make_one_booking_and_one_charge(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    offer = await traveller.offer(departure)

    answers = await asyncio.gather(*(instant(traveller, offer, key="instant") for _ in range(TWINS)))
    last = await instant(traveller, offer, key="instant")

    made = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert {answer.status_code for answer in refused} <= {409}
    assert all(answer.headers["retry-after"] == "1" for answer in refused)
    assert {answer.text for answer in made} <= {last.text}
    assert (last.status_code, last.json()["status"]) == (201, "ticketed")
    assert scalar(owner, "select count(*) from app.bookings where user_id = %s", traveller.user_id) == 1
    assert scalar(owner, "select count(*) from app.payments where booking_id = %s", key_of(last.json())) == 1
    assert counters(owner, departure) == (0, 1)


async def test_declined_card_leaves_the_hold_for_another(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)

    answer = await instant(traveller, await traveller.offer(departure), "tok_declined_US_c")

    booking = answer.json()
    assert (answer.status_code, booking["status"], booking["payment"]["status"]) == (201, "held", "failed")
    assert (await traveller.pay(booking))["status"] == "captured"
    assert_money_is_conserved(owner, booking)


async def test_card_nobody_knows_books_nothing(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)

    answer = await instant(traveller, await traveller.offer(departure), "tok_nonsense")

    assert (answer.status_code, answer.json()["code"]) == (422, "card_unknown")
    assert counters(owner, departure) == (0, 0)


async def test_instant_without_an_answer_is_gone_on_with_by_its_key(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))
    offer = await traveller.offer(departing(owner))

    unknown = await instant(traveller, offer, "tok_timeout_US_silent", key="silent")
    again = await instant(traveller, offer, "tok_timeout_US_silent", key="silent")

    assert (unknown.status_code, unknown.json()["payment"]["status"]) == (202, "created")
    assert (again.status_code, again.headers["retry-after"]) == (409, "1")
