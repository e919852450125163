"""What seats cost, and that money and seats never part."""

from typing import Any

import httpx2
import pytest

from app.core.ids import encode
from tests.app.bookings.seats.test_seats import choose, seats_of
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    departing,
    payment_request,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

# 9.00 and 2.00 a thousand km, 30.00 and 9.00: over 3983 km, in whole units.
STANDARD, EXTRA = 1700, 6600


def total_of(booking: dict[str, Any]) -> int:
    return sum(item["amount"]["amount_minor"] for item in booking["items"] if item["status"] == "live")


def seats_in(booking: dict[str, Any]) -> list[int]:
    return [
        item["amount"]["amount_minor"]
        for item in booking["items"]
        if item["kind"] == "ancillary" and item["status"] == "live"
    ]


async def pay_order(traveller: Traveller, booking: dict[str, Any], order: dict[str, Any]) -> httpx2.Response:
    return await traveller.post(
        f"/v1/bookings/{booking['id']}/ancillaries/{order['id']}/payments", payment_request()
    )


async def test_seat_of_a_hold_is_due_with_the_rest_and_goes_with_the_seat(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    fare = booking["total"]["amount_minor"]

    await choose(traveller, booking, {0: "10A"})
    chosen = await traveller.read(booking)
    await choose(traveller, booking, {0: "7A"})
    moved = await traveller.read(booking)
    await choose(traveller, booking, {0: None})
    given_back = await traveller.read(booking)

    assert [seats_in(each) for each in (chosen, moved, given_back)] == [[STANDARD], [EXTRA], []]
    for each, seat in ((chosen, STANDARD), (moved, EXTRA), (given_back, 0)):
        assert each["total"]["amount_minor"] == total_of(each) == fare + seat


async def test_seat_bought_with_the_booking_is_paid_ticketed_and_kept(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner), ("adult", "child"))
    await choose(traveller, booking, {0: "10A", 1: "10C"})

    paid = await traveller.pay(booking)

    ticketed = await traveller.read(booking)
    assert paid["amount"]["amount_minor"] == booking["total"]["amount_minor"] + 2 * STANDARD
    assert (ticketed["status"], seats_in(ticketed)) == ("ticketed", [STANDARD, STANDARD])
    assert await seats_of(traveller, booking) == ["10A", "10C"]
    assert_money_is_conserved(owner, booking)


async def test_seat_chosen_after_ticketing_waits_for_its_money(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)

    ordered = (await choose(traveller, booking, {0: "10A"})).json()
    again = (await choose(traveller, booking, {0: "10A"})).json()
    assert (ordered["data"], again["order"]) == ([], ordered["order"]), "the same wish is the same order"
    assert ordered["order"]["total"]["amount_minor"] == STANDARD
    paid = await pay_order(traveller, booking, ordered["order"])

    assert (paid.status_code, paid.json()["status"]) == (201, "captured")
    assert await seats_of(traveller, booking) == ["10A"]
    assert seats_in(await traveller.read(booking)) == [STANDARD]
    assert_money_is_conserved(owner, booking)


async def test_what_was_paid_for_a_seat_counts_towards_the_next(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await choose(traveller, booking, {0: "10A"})
    await traveller.pay(booking)

    same = (await choose(traveller, booking, {0: "11A"})).json()
    dearer = (await choose(traveller, booking, {0: "7A"})).json()

    assert ([each["seat"] for each in same["data"]], same["order"]) == (["11A"], None)
    assert [each["seat"] for each in dearer["data"]] == ["11A"], "the old seat stays until the new is paid"
    assert dearer["order"]["total"]["amount_minor"] == EXTRA - STANDARD
    assert (await pay_order(traveller, booking, dearer["order"])).json()["status"] == "captured"
    assert await seats_of(traveller, booking) == ["7A"]
    assert_money_is_conserved(owner, booking)


async def test_money_for_a_seat_that_is_gone_goes_back(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, quicker = await traveller.book(departure), await traveller.book(departure)
    await traveller.pay(booking)
    ordered = (await choose(traveller, booking, {0: "10A"})).json()
    assert (await choose(traveller, quicker, {0: "10A"})).status_code == 200

    paid = await pay_order(traveller, booking, ordered["order"])

    assert paid.json()["status"] == "refunded"
    assert await seats_of(traveller, booking) == []
    assert await seats_of(traveller, quicker) == ["10A"]
    assert_money_is_conserved(owner, booking)


async def test_seat_somebody_has_is_not_ordered(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, other = await traveller.book(departure), await traveller.book(departure)
    await traveller.pay(booking)
    await choose(traveller, other, {0: "10A"})

    refused = await choose(traveller, booking, {0: "10A"})

    assert (refused.status_code, refused.json()["code"]) == (409, "seat_taken")


async def test_map_tells_prices_in_the_currency_asked(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    flight_id = encode("flt", departing(owner).flight_id)

    own = (await client.get(f"/v1/flights/{flight_id}/seat-map")).json()
    unknown = await client.get(f"/v1/flights/{flight_id}/seat-map?currency=XXX")

    prices = {seat["zone"]: seat["price"] for row in own["cabins"][0]["rows"] for seat in row["seats"]}
    assert prices["standard"] == {"amount_minor": STANDARD, "currency": "USD"}
    assert prices["extra_legroom"] == {"amount_minor": EXTRA, "currency": "USD"}
    assert unknown.status_code == 422
