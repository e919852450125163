"""Extras are chosen from the catalogue, at its prices, as many as one passenger may have."""

from typing import Any

import httpx2
import pytest

from app.core.ids import encode, uuid7
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    booking_request,
    departing,
    new_traveller,
    payment_request,
)
from tests.app.conftest import Owner
from tests.app.pricing.fx.test_service import load_every_rate

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FAMILY = ("adult", "child", "infant")


async def catalogue(traveller: Traveller, booking: dict[str, Any]) -> dict[str, Any]:
    answer = await traveller.get(f"/v1/bookings/{booking['id']}/ancillaries")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def find(traveller: Traveller, booking: dict[str, Any], code: str = "BAG1") -> dict[str, Any]:
    available = (await catalogue(traveller, booking))["available"]
    return dict(next(each for each in available if each["code"] == code))


async def order(
    traveller: Traveller, booking: dict[str, Any], extra: dict[str, Any], key: str | None = None, **more: Any
) -> httpx2.Response:
    choice = {name: extra[name] for name in ("passenger_id", "segment_id", "code")} | more
    return await traveller.post(f"/v1/bookings/{booking['id']}/ancillaries", {"extras": [choice]}, key)


async def pay(traveller: Traveller, booking: dict[str, Any], ordered: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/bookings/{booking['id']}/ancillaries/{ordered['id']}/payments"
    return dict((await traveller.post(path, payment_request())).json())


async def test_a_bag_on_a_hold_is_paid_with_it(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    bag = await find(traveller, booking)

    ordered = await order(traveller, booking, bag)
    payment = await traveller.pay(booking)

    assert (ordered.status_code, ordered.json()["status"]) == (201, "applied"), ordered.text
    assert ordered.json()["total"] == bag["amount"]
    bag_minor = bag["amount"]["amount_minor"]
    assert payment["amount"]["amount_minor"] == booking["total"]["amount_minor"] + bag_minor
    assert_money_is_conserved(owner, booking)


async def test_a_bag_on_a_ticket_waits_for_its_money(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    assert "add_extras" in (await traveller.read(booking))["available_actions"]
    bag = await find(traveller, booking)

    ordered = (await order(traveller, booking, bag)).json()
    paid = await pay(traveller, booking, ordered)

    assert (ordered["status"], paid["status"], paid["purpose"]) == ("waiting", "captured", "extras")
    assert paid["amount"] == bag["amount"]
    shown = (await catalogue(traveller, booking))["data"]
    assert [each["status"] for each in shown] == ["applied"]
    assert_money_is_conserved(owner, booking)


async def test_a_repeat_of_the_key_orders_nothing_more(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    bag = await find(traveller, booking)

    first = await order(traveller, booking, bag, key="bag")
    again = await order(traveller, booking, bag, key="bag")
    other = await order(traveller, booking, await find(traveller, booking, "BAG2"), key="bag")

    assert (again.json(), again.headers["idempotent-replayed"]) == (first.json(), "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await catalogue(traveller, booking))["data"]) == 1


async def test_no_more_than_one_passenger_may_have(traveller: Traveller, owner: Owner) -> None:
    """What waits for its money counts as well: two orders that wait could both be paid."""
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    heavy = await find(traveller, booking, "BAGHEAVY")
    assert heavy["most"] == 2

    too_many = await order(traveller, booking, heavy, count=3)
    two = await order(traveller, booking, heavy, count=2)
    one_more = await order(traveller, booking, heavy)

    assert (too_many.status_code, too_many.json()["code"]) == (422, "extra_unknown")
    assert too_many.json()["errors"][0]["pointer"] == "/extras/0/count"
    assert two.json()["total"]["amount_minor"] == 2 * heavy["amount"]["amount_minor"]
    assert one_more.json()["code"] == "extra_unknown"
    assert (await find(traveller, booking, "BAGHEAVY"))["most"] == 0
    await pay(traveller, booking, two.json())
    assert (await find(traveller, booking, "BAGHEAVY"))["most"] == 0
    assert_money_is_conserved(owner, booking)


async def test_an_order_that_lapsed_leaves_its_place_to_another(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    bag = await find(traveller, booking)
    waiting = (await order(traveller, booking, bag)).json()

    later = traveller.after_the_void_window()

    assert (await find(later, booking))["most"] == 1
    assert (await order(later, booking, bag)).status_code == 201
    assert (await later.get(f"/v1/bookings/{booking['id']}/ancillaries")).json()["data"][0] == waiting | {
        "status": "lapsed"
    }


async def test_everybody_is_offered_what_is_for_them(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), FAMILY)

    available = (await catalogue(traveller, booking))["available"]

    types = {each["id"]: each["type"] for each in booking["passengers"]}
    codes: dict[str, set[str]] = {}
    for each in available:
        codes.setdefault(types[each["passenger_id"]], set()).add(each["code"])
    assert codes["infant"] == {"PUSHCHAIR"}
    assert codes["adult"] == codes["child"] >= {"BAG1", "MEALHOT", "PRIORITY"}
    assert not {each["kind"] for each in available} & {"seat"}


async def test_without_a_segment_it_is_for_every_flight(traveller: Traveller, owner: Owner) -> None:
    there, back = departing(owner), departing(owner)
    body = {
        "slices": [
            {"origin": "JFK", "destination": "LAX", "departure_date": str(each.departs_at.date())}
            for each in (there, back)
        ],
        "passengers": [{"type": "adult"}],
    }
    offers = await traveller.client.post("/v1/offer-requests", json=body, headers=traveller.headers())
    booked = await traveller.post("/v1/bookings", booking_request(offers.json()["offers"][0]))
    booking = booked.json()
    bag = await find(traveller, booking)

    ordered = await order(traveller, booking, bag | {"segment_id": None})

    assert ordered.status_code == 201, ordered.text
    assert {each["segment_id"] for each in ordered.json()["extras"]} == {
        segment["id"] for part in booking["slices"] for segment in part["segments"]
    }


async def test_prices_are_in_the_currency_of_the_booking(traveller: Traveller, owner: Owner) -> None:
    await load_every_rate()
    departure = departing(owner)
    body = {
        "slices": [
            {"origin": "JFK", "destination": "LAX", "departure_date": str(departure.departs_at.date())}
        ],
        "passengers": [{"type": "adult"}],
        "currency": "EUR",
    }
    offers = await traveller.client.post("/v1/offer-requests", json=body, headers=traveller.headers())
    booking = (await traveller.post("/v1/bookings", booking_request(offers.json()["offers"][0]))).json()
    dollars = await traveller.book(departing(owner))

    bag = await find(traveller, booking)

    assert bag["amount"]["currency"] == booking["total"]["currency"] == "EUR"
    assert bag["amount"]["amount_minor"] < (await find(traveller, dollars))["amount"]["amount_minor"]
    assert (await order(traveller, booking, bag)).json()["total"] == bag["amount"]


@pytest.mark.parametrize(
    ("choice", "status_code", "code", "pointer"),
    [
        ({"code": "PIANO"}, 422, "extra_unknown", "/extras/0/code"),
        ({"code": "SEATSTD"}, 422, "extra_unknown", "/extras/0/code"),
        ({"passenger_id": encode("pas", uuid7())}, 422, "extra_unknown", "/extras/0/code"),
        ({"segment_id": encode("seg", uuid7())}, 422, "extra_unknown", "/extras/0/code"),
        ({"count": 0}, 422, "malformed_request", "/extras/0/count"),
        ({"amount": {"amount_minor": 1, "currency": "USD"}}, 422, "malformed_request", "/extras/0/amount"),
    ],
)
async def test_what_is_not_on_offer_is_refused(
    traveller: Traveller, owner: Owner, choice: dict[str, Any], status_code: int, code: str, pointer: str
) -> None:
    booking = await traveller.book(departing(owner))
    bag = await find(traveller, booking)

    answer = await order(traveller, booking, bag, **choice)

    assert (answer.status_code, answer.json()["code"]) == (status_code, code)
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_extras_are_kept_when_the_booking_is_cancelled_late(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    bag = await find(traveller, booking)
    await order(traveller, booking, bag)
    await traveller.pay(booking)

    in_time = await traveller.quote(booking)
    later = traveller.after_the_void_window()
    quote = await later.quote(booking)
    assert (await later.confirm(quote)).status_code == 200

    assert in_time["penalty"]["amount_minor"] == 0
    assert quote["penalty"] == bag["amount"]
    assert_money_is_conserved(owner, booking)


async def test_nothing_is_on_offer_once_it_is_over(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    bag = await find(traveller, booking)
    await traveller.confirm(await traveller.quote(booking))

    assert (await catalogue(traveller, booking))["available"] == []
    refused = await order(traveller, booking, bag)
    assert (refused.status_code, refused.json()["code"]) == (409, "extras_closed")


async def test_anothers_booking_does_not_exist(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    bag = await find(traveller, booking)

    answer = await order(new_traveller(traveller.client, owner), booking, bag)

    assert (answer.status_code, answer.json()["code"]) == (404, "booking_not_found")
