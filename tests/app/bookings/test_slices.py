"""There and back: each way can be cancelled, changed and flown by itself."""

from typing import Any

import pytest

from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    booking_request,
    counters,
    departing,
    event_types,
    payment_request,
)
from tests.app.checkin.gates import check_in, on_the_day
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

COUPLE = ("adult", "adult")


async def there_and_back(
    traveller: Traveller, there: Departure, back: Departure, brand: str = "Flex"
) -> dict[str, Any]:
    """Two people on two slices, ticketed."""
    body = {
        "slices": [
            {
                "origin": each.origin,
                "destination": each.destination,
                "departure_date": each.departs_at.date().isoformat(),
            }
            for each in (there, back)
        ],
        "passengers": [{"type": kind} for kind in COUPLE],
    }
    found = await traveller.client.post("/v1/offer-requests", json=body, headers=traveller.headers())
    offer = next(offer for offer in found.json()["offers"] if offer["brand"] == brand)
    booking = (await traveller.post("/v1/bookings", booking_request(offer, COUPLE))).json()
    await traveller.pay(booking)
    return dict(await traveller.read(booking))


def by_slice(booking: dict[str, Any]) -> dict[int, list[str]]:
    """The statuses of the coupons of each slice as it is, in the order of the tickets."""
    number_of = {segment["id"]: part["number"] for part in booking["slices"] for segment in part["segments"]}
    found: dict[int, list[str]] = {}
    for ticket in booking["tickets"]:
        for coupon in ticket["coupons"]:
            if coupon["segment_id"] in number_of:
                found.setdefault(number_of[coupon["segment_id"]], []).append(coupon["status"])
    return found


@pytest.mark.parametrize("number", [1, 2])
async def test_one_way_is_cancelled_and_the_other_still_flown(
    traveller: Traveller, owner: Owner, number: int
) -> None:
    ways = departing(owner), departing(owner)
    booking = await there_and_back(traveller, *ways)
    later = traveller.after_the_void_window()

    quote = await later.quote(booking, {"slice_numbers": [number]})
    assert quote["is_whole"] is False
    assert (await later.confirm(quote)).status_code == 200

    after = await later.read(booking)
    assert after["status"] == "ticketed"
    assert by_slice(after) == {number: ["refunded"] * 2, 3 - number: ["open"] * 2}
    assert counters(owner, ways[number - 1]) == (0, 0)
    assert counters(owner, ways[2 - number]) == (0, 2)
    assert quote["refund_amount"]["amount_minor"] * 2 == booking["total"]["amount_minor"]
    assert event_types(owner, booking)[-2:] == ["BookingPartCancelled", "RefundIssued"]
    assert_money_is_conserved(owner, booking)


async def test_the_two_ways_are_cancelled_one_after_the_other(traveller: Traveller, owner: Owner) -> None:
    booking = await there_and_back(traveller, departing(owner), departing(owner))

    for number in (2, 1):
        quote = await traveller.quote(booking, {"slice_numbers": [number]})
        assert (await traveller.confirm(quote)).status_code == 200

    assert (await traveller.read(booking))["status"] == "cancelled"
    assert_money_is_conserved(owner, booking)


async def test_one_way_of_one_passenger_is_cancelled(traveller: Traveller, owner: Owner) -> None:
    there, back = departing(owner), departing(owner)
    booking = await there_and_back(traveller, there, back)
    who = booking["passengers"][0]["id"]

    quote = await traveller.quote(booking, {"slice_numbers": [2], "passenger_ids": [who]})
    assert (await traveller.confirm(quote)).status_code == 200

    after = by_slice(await traveller.read(booking))
    assert (after[1], sorted(after[2])) == (["open", "open"], ["open", "refunded"])
    assert (counters(owner, there), counters(owner, back)) == ((0, 2), (0, 1))
    assert_money_is_conserved(owner, booking)


async def change(
    traveller: Traveller, booking: dict[str, Any], to: Departure, number: int, brand: str = "Flex"
) -> dict[str, Any]:
    offer = await traveller.offer(to, COUPLE, brand)
    body = {"offer_id": offer["id"], "slice_numbers": [number]}
    quote = await traveller.post(f"/v1/bookings/{booking['id']}/changes", body)
    assert quote.status_code == 201, quote.text
    path = f"/v1/changes/{quote.json()['id']}/confirm"
    answer = await traveller.post(path, {"payment": payment_request()})
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed"), answer.text
    return dict(answer.json())


async def test_the_way_back_is_changed_and_the_way_there_stays(traveller: Traveller, owner: Owner) -> None:
    there, back, later = departing(owner), departing(owner), departing(owner)
    booking = await there_and_back(traveller, there, back)

    await change(traveller, booking, later, 2)

    after = await traveller.read(booking)
    assert after["slices"][0] == booking["slices"][0]
    assert by_slice(after) == {1: ["open"] * 2, 2: ["open"] * 2}
    assert [counters(owner, each) for each in (there, back, later)] == [(0, 2), (0, 0), (0, 2)]
    assert len(after["tickets"]) == 4, "a second ticket each, for what is new"
    assert_money_is_conserved(owner, booking)


async def test_a_way_there_after_the_way_back_is_no_journey(traveller: Traveller, owner: Owner) -> None:
    there, back, too_late = departing(owner), departing(owner), departing(owner)
    booking = await there_and_back(traveller, there, back)
    offer = await traveller.offer(too_late, COUPLE, "Flex")

    answer = await traveller.post(
        f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"], "slice_numbers": [1]}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "change_differs")


async def test_the_way_back_is_changed_and_then_cancelled(traveller: Traveller, owner: Owner) -> None:
    """What is given back is the new way's, over both payments; the way there is untouched."""
    there, back, later = departing(owner), departing(owner), departing(owner)
    booking = await there_and_back(traveller, there, back, "Standard")
    changed = await change(traveller, booking, later, 2)
    assert changed["due"]["amount_minor"] > 0
    after_void = traveller.after_the_void_window()

    quote = await after_void.quote(booking, {"slice_numbers": [2]})
    assert (await after_void.confirm(quote)).status_code == 200

    assert by_slice(await after_void.read(booking)) == {1: ["open"] * 2, 2: ["refunded"] * 2}
    assert [counters(owner, each) for each in (there, back, later)] == [(0, 2), (0, 0), (0, 0)]
    assert_money_is_conserved(owner, booking)


async def test_once_the_way_there_has_begun_the_way_back_can_still_be_given_back(
    traveller: Traveller, owner: Owner
) -> None:
    there, back = departing(owner), departing(owner)
    booking = await there_and_back(traveller, there, back)
    today = on_the_day(traveller, there)
    segment = booking["slices"][0]["segments"][0]["id"]
    assert (await check_in(today, booking, {"segment_ids": [segment]})).status_code == 200

    actions = (await today.read(booking))["available_actions"]
    assert "cancel" not in actions
    assert {"cancel_part", "change"} <= set(actions)
    refused = await today.post(f"/v1/bookings/{booking['id']}/cancellations", {"slice_numbers": [1]})
    quote = await today.quote(booking, {"slice_numbers": [2]})

    assert (refused.status_code, refused.json()["code"]) == (409, "part_not_cancellable")
    assert (await today.confirm(quote)).status_code == 200
    assert by_slice(await today.read(booking)) == {1: ["checked_in"] * 2, 2: ["refunded"] * 2}
    assert (counters(owner, there), counters(owner, back)) == ((0, 2), (0, 0))
    assert_money_is_conserved(owner, booking)
