"""Other flights for the same people: quote, pay or be paid, and everything changes at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.bookings import service as bookings
from tests.app.bookings.travellers import (
    Traveller,
    age_attempts,
    assert_money_is_conserved,
    counters,
    departing,
    event_types,
    key_of,
    new_traveller,
    payment_request,
    scalar,
)
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

COUPLE = ("adult", "adult")


async def ticketed(
    traveller: Traveller, departure: Departure, types: tuple[str, ...] = ("adult",), brand: str = "Standard"
) -> dict[str, Any]:
    booking = await traveller.book(departure, types, brand)
    await traveller.pay(booking)
    return booking


async def quote_change(
    traveller: Traveller, booking: dict[str, Any], offer: dict[str, Any]
) -> dict[str, Any]:
    answer = await traveller.post(f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"]})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def confirm_change(
    traveller: Traveller, change: dict[str, Any], token: str | None = "tok_ok_US_card", key: str | None = None
) -> httpx2.Response:
    body = {} if token is None else {"payment": payment_request(token)}
    return await traveller.post(f"/v1/changes/{change['id']}/confirm", body, key)


def minor(money: dict[str, Any]) -> int:
    return int(money["amount_minor"])


async def test_dearer_flight_is_had_once_the_difference_is_paid(traveller: Traveller, owner: Owner) -> None:
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, COUPLE)
    assert "change" in (await traveller.read(booking))["available_actions"]

    change = await quote_change(traveller, booking, await traveller.offer(new, COUPLE, "Flex"))
    difference = minor(change["fare_difference"]) + minor(change["tax_difference"])
    assert minor(change["penalty"]) == 2 * 10_000
    assert (minor(change["due"]), minor(change["residual"])) == (difference + 20_000, 0)
    answer = await confirm_change(traveller, change)

    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    assert answer.json()["payment"]["amount"] == change["due"]
    assert (counters(owner, old), counters(owner, new)) == ((0, 0), (0, 2))
    after = await traveller.read(booking)
    assert [s["flight_id"] for s in after["slices"][0]["segments"]] == [
        change["slices"][0]["segments"][0]["flight_id"]
    ]
    assert sorted((t["status"], t["coupons"][0]["status"]) for t in after["tickets"]) == [
        ("exchanged", "exchanged"),
        ("exchanged", "exchanged"),
        ("issued", "open"),
        ("issued", "open"),
    ]
    assert event_types(owner, booking)[-3:] == ["PaymentPending", "PaymentSucceeded", "BookingChanged"]
    assert_money_is_conserved(owner, booking)


async def test_cheaper_flight_pays_back_what_is_left(traveller: Traveller, owner: Owner) -> None:
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, brand="Flex")

    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Standard"))
    assert (minor(change["due"]), minor(change["penalty"])) == (0, 0)
    answer = await confirm_change(traveller, change, token=None)

    assert answer.status_code == 200
    assert [refund["status"] for refund in answer.json()["refunds"]] == ["done"]
    assert answer.json()["refunds"][0]["amount"] == change["residual"]
    assert (counters(owner, old), counters(owner, new)) == ((0, 0), (0, 1))
    assert_money_is_conserved(owner, booking)


async def test_changed_booking_is_cancelled_over_both_its_payments(
    traveller: Traveller, owner: Owner
) -> None:
    new = departing(owner)
    booking = await ticketed(traveller, departing(owner))
    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Flex"))
    await confirm_change(traveller, change)

    later = traveller.after_the_void_window()
    confirmed = (await later.confirm(await later.quote(booking))).json()

    assert len(confirmed["refunds"]) == 2
    assert sum(minor(refund["amount"]) for refund in confirmed["refunds"]) == minor(
        confirmed["refund_amount"]
    )
    after = await later.read(booking)
    assert after["status"] == "cancelled"
    live = [(item["kind"], item["code"]) for item in after["items"] if item["status"] == "live"]
    assert live == [("penalty", "CHANGE")]
    assert counters(owner, new) == (0, 0)
    assert_money_is_conserved(owner, booking)


async def test_booking_is_changed_and_changed_again(traveller: Traveller, owner: Owner) -> None:
    departures = [departing(owner) for _ in range(3)]
    booking = await ticketed(traveller, departures[0], brand="Flex")

    for departure in departures[1:]:
        change = await quote_change(traveller, booking, await traveller.offer(departure, brand="Flex"))
        assert (await confirm_change(traveller, change, token=None)).json()["status"] == "confirmed"

    assert [counters(owner, departure) for departure in departures] == [(0, 0), (0, 0), (0, 1)]
    assert len((await traveller.read(booking))["slices"]) == 1
    assert_money_is_conserved(owner, booking)


async def test_only_the_newest_quote_confirms_while_it_lives(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner), brand="Flex")
    offer = await traveller.offer(departing(owner), brand="Standard")
    older = await quote_change(traveller, booking, offer)
    newest = await quote_change(traveller, booking, offer)
    expired = traveller.at(datetime.fromisoformat(newest["expires_at"]))

    refused = [
        await confirm_change(traveller, older, None),
        await confirm_change(expired, newest, None),
    ]

    assert [answer.json()["code"] for answer in refused] == ["quote_superseded", "quote_expired"]
    assert (await confirm_change(traveller, newest, None)).status_code == 200
    again = await confirm_change(traveller, newest, None)
    assert (again.status_code, again.json()["code"]) == (409, "booking_not_changeable")


async def test_two_changes_of_one_booking_change_it_once(traveller: Traveller, owner: Owner) -> None:
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, brand="Flex")
    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Flex"))

    answers = await asyncio.gather(*(confirm_change(traveller, change, None) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    assert (counters(owner, old), counters(owner, new)) == ((0, 0), (0, 1))
    assert scalar(owner, "select count(*) from app.tickets where booking_id = %s", key_of(booking)) == 2
    assert_money_is_conserved(owner, booking)


async def test_change_against_cancellation_has_one_winner(traveller: Traveller, owner: Owner) -> None:
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old, brand="Flex")
    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Flex"))
    cancellation = await traveller.quote(booking)

    answers = await asyncio.gather(confirm_change(traveller, change, None), traveller.confirm(cancellation))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert counters(owner, old) == (0, 0)
    assert counters(owner, new) == ((0, 1) if answers[0].status_code == 200 else (0, 0))
    assert_money_is_conserved(owner, booking)


async def test_declined_card_changes_nothing_and_another_may_be_tried(
    traveller: Traveller, owner: Owner
) -> None:
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old)
    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Flex"))

    declined = await confirm_change(traveller, change, "tok_declined_US_c")
    assert (declined.status_code, declined.json()["status"]) == (200, "quoted")
    assert declined.json()["payment"]["status"] == "failed"
    assert (counters(owner, old), counters(owner, new)) == ((0, 1), (0, 0))

    assert (await confirm_change(traveller, change)).json()["status"] == "confirmed"
    assert_money_is_conserved(owner, booking)


async def test_money_goes_back_when_the_seats_are_gone(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    old, new = departing(owner), departing(owner, seats={"Y": 1})
    booking = await ticketed(traveller, old)
    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Flex"))
    other = new_traveller(client, owner)
    await other.pay(await other.book(new))

    answer = await confirm_change(traveller, change)

    assert (answer.status_code, answer.json()["status"]) == (200, "quoted")
    assert answer.json()["payment"]["refunded"] == change["due"]
    assert (counters(owner, old), counters(owner, new)) == ((0, 1), (0, 1))
    assert [t["status"] for t in (await traveller.read(booking))["tickets"]] == ["issued"]
    assert_money_is_conserved(owner, booking)


async def test_charge_without_an_answer_changes_the_booking_once_it_is_known(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.payments.gateways.sandbox.GATEWAY_LIMIT", timedelta(seconds=0.5))
    old, new = departing(owner), departing(owner)
    booking = await ticketed(traveller, old)
    change = await quote_change(traveller, booking, await traveller.offer(new, brand="Flex"))

    unknown = await confirm_change(traveller, change, "tok_timeout_US_silent", key="silent")
    assert (unknown.status_code, unknown.json()["status"]) == (202, "quoted")
    meanwhile = await traveller.post(f"/v1/bookings/{booking['id']}/cancellations")
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "payment_in_progress")

    age_attempts(owner, booking)
    await bookings.resolve_stuck_payments()
    settled = await confirm_change(traveller, change, "tok_timeout_US_silent", key="silent")

    assert (settled.status_code, settled.json()["status"]) == (200, "confirmed")
    assert settled.headers["idempotent-replayed"] == "true"
    assert (counters(owner, old), counters(owner, new)) == ((0, 0), (0, 1))
    assert_money_is_conserved(owner, booking)


async def test_repeat_gives_the_same_answer(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner), brand="Flex")
    change = await quote_change(traveller, booking, await traveller.offer(departing(owner), brand="Flex"))

    first = await confirm_change(traveller, change, None, key="change")
    again = await confirm_change(traveller, change, None, key="change")

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_basic_fare_is_not_changed(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner), brand="Basic")
    offer = await traveller.offer(departing(owner))

    answer = await traveller.post(f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"]})

    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_changeable")
    assert "change" not in (await traveller.read(booking))["available_actions"]


async def test_offer_for_others_is_refused(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner))
    offer = await traveller.offer(departing(owner), COUPLE)

    answer = await traveller.post(f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"]})

    assert (answer.status_code, answer.json()["code"]) == (422, "passengers_differ")


async def test_what_is_due_must_be_paid(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, departing(owner))
    change = await quote_change(traveller, booking, await traveller.offer(departing(owner), brand="Flex"))

    answer = await confirm_change(traveller, change, None)

    assert (answer.status_code, answer.json()["code"]) == (422, "payment_needed")
    assert answer.json()["errors"][0]["pointer"] == "/payment"


async def test_change_of_another_is_not_found(
    traveller: Traveller, client: httpx2.AsyncClient, owner: Owner
) -> None:
    booking = await ticketed(traveller, departing(owner), brand="Flex")
    change = await quote_change(traveller, booking, await traveller.offer(departing(owner), brand="Flex"))

    answer = await confirm_change(new_traveller(client, owner), change, None)

    assert (answer.status_code, answer.json()["code"]) == (404, "change_not_found")


async def test_nothing_changes_after_departure(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await ticketed(traveller, departure, brand="Flex")
    gone = traveller.at(departure.departs_at + timedelta(hours=1))

    assert "change" not in (await gone.read(booking))["available_actions"]
    offer = await traveller.at(datetime.now(UTC)).offer(departing(owner))
    answer = await gone.post(f"/v1/bookings/{booking['id']}/changes", {"offer_id": offer["id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_changeable")
