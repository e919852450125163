"""Part of a booking goes, coupon by coupon: the rest stays, and money and seats still add up."""

import asyncio
from typing import Any

import pytest

from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
    key_of,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

COUPLE = ("adult", "adult")
FAMILY = ("adult", "child", "infant")


def statuses(booking: dict[str, Any]) -> dict[str, str]:
    """The coupon of each passenger of a booking with one flight."""
    return {ticket["passenger_id"]: ticket["coupons"][0]["status"] for ticket in booking["tickets"]}


def only(*passengers: dict[str, Any]) -> dict[str, Any]:
    return {"passenger_ids": [passenger["id"] for passenger in passengers]}


async def test_within_a_day_a_purchase_is_undone(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, COUPLE, "Basic")
    await traveller.pay(booking)

    quote = await traveller.quote(booking)
    assert (quote["is_void"], quote["is_whole"], quote["penalty"]["amount_minor"]) == (True, True, 0)
    confirmed = (await traveller.confirm(quote)).json()

    assert confirmed["refund_amount"] == booking["total"]
    void = await traveller.read(booking)
    assert void["status"] == "cancelled"
    assert {ticket["status"] for ticket in void["tickets"]} == {"void"}
    assert set(statuses(void).values()) == {"void"}
    assert counters(owner, departure) == (0, 0)
    assert_money_is_conserved(owner, booking)


async def test_after_a_day_the_fares_rules_hold(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), brand="Basic")
    await traveller.pay(booking)

    quote = await traveller.after_the_void_window().quote(booking)

    fare = next(i["amount"]["amount_minor"] for i in booking["items"] if i["kind"] == "fare")
    assert (quote["is_void"], quote["penalty"]["amount_minor"]) == (False, fare)


async def test_one_of_two_passengers_goes_and_the_other_still_flies(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, COUPLE, "Standard")
    await traveller.pay(booking)
    goes, stays = booking["passengers"]
    later = traveller.after_the_void_window()
    assert "cancel_part" in (await later.read(booking))["available_actions"]

    quote = await later.quote(booking, only(goes))
    assert quote["is_whole"] is False
    assert (await later.confirm(quote)).status_code == 200

    after = await later.read(booking)
    assert after["status"] == "ticketed"
    assert statuses(after) == {goes["id"]: "refunded", stays["id"]: "open"}
    assert counters(owner, departure) == (0, 1)
    assert event_types(owner, booking)[-2:] == ["BookingPartCancelled", "RefundIssued"]
    assert_money_is_conserved(owner, booking)

    rest = await later.quote(booking)
    assert rest["is_whole"] is True
    assert (await later.confirm(rest)).status_code == 200
    assert (await later.read(booking))["status"] == "cancelled"
    assert counters(owner, departure) == (0, 0)
    assert_money_is_conserved(owner, booking)


async def test_within_a_day_part_of_a_purchase_is_undone_without_a_fee(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner), COUPLE, "Basic")
    await traveller.pay(booking)

    quote = await traveller.quote(booking, only(booking["passengers"][0]))

    assert (quote["is_void"], quote["penalty"]["amount_minor"]) == (True, 0)
    assert (await traveller.confirm(quote)).status_code == 200
    assert sorted(statuses(await traveller.read(booking)).values()) == ["open", "void"]
    assert_money_is_conserved(owner, booking)


async def test_an_infant_alone_can_stay_behind(traveller: Traveller, owner: Owner) -> None:
    """It occupies no seat: giving none back answered 500 once, found by a life at random."""
    departure = departing(owner)
    booking = await traveller.book(departure, ("adult", "infant"))
    await traveller.pay(booking)
    _, infant = booking["passengers"]

    assert (await traveller.confirm(await traveller.quote(booking, only(infant)))).status_code == 200

    assert statuses(await traveller.read(booking))[infant["id"]] == "void"
    assert counters(owner, departure) == (0, 1)
    assert_money_is_conserved(owner, booking)


@pytest.mark.parametrize("leaves", [("adult",), ("adult", "infant"), ("adult", "child")])
async def test_nobody_small_is_left_without_an_adult(
    traveller: Traveller, owner: Owner, leaves: tuple[str, ...]
) -> None:
    booking = await traveller.book(departing(owner), FAMILY)
    await traveller.pay(booking)
    leaving = [each for each in booking["passengers"] if each["type"] in leaves]

    answer = await traveller.post(f"/v1/bookings/{booking['id']}/cancellations", only(*leaving))

    assert (answer.status_code, answer.json()["code"]) == (409, "part_not_cancellable")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"passenger_ids": ["pas_" + "0" * 32]}, "/passenger_ids"),
        ({"slice_numbers": [7]}, "/slice_numbers"),
    ],
)
async def test_part_that_is_not_there_is_refused(
    traveller: Traveller, owner: Owner, body: dict[str, Any], pointer: str
) -> None:
    booking = await traveller.book(departing(owner), COUPLE)
    await traveller.pay(booking)

    answer = await traveller.post(f"/v1/bookings/{booking['id']}/cancellations", body)

    assert (answer.status_code, answer.json()["code"]) == (409, "part_not_cancellable")
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_naming_everybody_cancels_the_whole(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), COUPLE)
    await traveller.pay(booking)

    quote = await traveller.quote(booking, only(*booking["passengers"]))

    assert quote["is_whole"] is True


async def test_part_of_a_hold_is_not_cancelled(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), COUPLE)

    answer = await traveller.post(
        f"/v1/bookings/{booking['id']}/cancellations", only(booking["passengers"][0])
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "part_not_cancellable")


async def test_a_coupon_is_given_back_once(traveller: Traveller, owner: Owner) -> None:
    """Two parts of one booking at once, each quoted when the other was the newest."""
    departure = departing(owner)
    booking = await traveller.book(departure, COUPLE, "Flex")
    await traveller.pay(booking)
    goes = booking["passengers"][0]
    quotes = [await traveller.quote(booking, only(goes)) for _ in range(2)]

    answers = await asyncio.gather(*(traveller.confirm(quote) for quote in quotes * 2))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert counters(owner, departure) == (0, 1)
    assert scalar(owner, "select count(*) from app.refunds where booking_id = %s", key_of(booking)) == 1
    assert_money_is_conserved(owner, booking)


async def test_coupon_checked_in_meanwhile_is_not_given_back(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    await traveller.pay(booking)
    quote = await traveller.quote(booking)
    owner.execute("update app.coupons set status = 'checked_in' where booking_id = %s", (key_of(booking),))

    answer = await traveller.confirm(quote)

    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_cancellable")
    assert (await traveller.read(booking))["status"] == "ticketed"
    assert_money_is_conserved(owner, booking)
