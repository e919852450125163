"""Quote, then confirm: only the newest quote, only while it holds, only once."""

import asyncio
from datetime import datetime, timedelta

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


async def test_only_the_newest_quote_confirms(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    older = await traveller.quote(booking)
    newest = await traveller.quote(booking)

    refused = await traveller.confirm(older)
    confirmed = await traveller.confirm(newest)

    assert (refused.status_code, refused.json()["code"]) == (409, "quote_superseded")
    assert confirmed.status_code == 200
    assert_money_is_conserved(owner, booking)


async def test_quote_expires(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    quote = await traveller.quote(booking)

    late = await traveller.at(datetime.fromisoformat(quote["expires_at"])).confirm(quote)

    assert (late.status_code, late.json()["code"]) == (409, "quote_expired")
    assert (await traveller.read(booking))["status"] == "ticketed"


async def test_confirms_at_once_refund_once(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure, brand="Flex")
    await traveller.pay(booking)
    quote = await traveller.quote(booking)

    answers = await asyncio.gather(*(traveller.confirm(quote) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert scalar(owner, "select count(*) from app.refunds where booking_id = %s", key_of(booking)) == 1
    assert event_types(owner, booking).count("RefundIssued") == 1
    assert counters(owner, departure) == (0, 0)
    assert_money_is_conserved(owner, booking)


async def test_quote_of_a_hold_does_not_cancel_the_tickets_bought_since(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await traveller.book(departing(owner))
    free = await traveller.quote(booking)
    await traveller.pay(booking)

    answer = await traveller.confirm(free)

    assert (answer.status_code, answer.json()["code"]) == (409, "quote_superseded")
    assert (await traveller.read(booking))["status"] == "ticketed"


async def test_nothing_is_cancelled_after_departure(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await traveller.book(departure)
    await traveller.pay(booking)
    boarded = traveller.at(departure.departs_at)

    answer = await boarded.post(f"/v1/bookings/{booking['id']}/cancellations")

    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_cancellable")
    assert (await boarded.read(booking))["available_actions"] == []


async def test_hold_that_died_is_not_cancelled(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    deadline = datetime.fromisoformat(booking["payment_required_by"])
    quote = await traveller.quote(booking)

    answer = await traveller.at(deadline).confirm(quote)

    assert (answer.status_code, answer.json()["code"]) == (409, "booking_not_cancellable")
    assert (await traveller.at(deadline).read(booking))["status"] == "expired"


async def test_penalty_stays_as_an_item(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), brand="Standard")
    await traveller.pay(booking)
    traveller = traveller.after_the_void_window()
    quote = await traveller.quote(booking)
    await traveller.confirm(quote)

    items = (await traveller.read(booking))["items"]

    live = [(item["kind"], item["amount"]) for item in items if item["status"] == "live"]
    assert live == [("penalty", quote["penalty"])]


async def test_quote_that_never_was_is_not_found(traveller: Traveller) -> None:
    answer = await traveller.post("/v1/cancellations/can_" + "0" * 32 + "/confirm")

    assert (answer.status_code, answer.json()["code"]) == (404, "cancellation_not_found")


async def test_quote_may_be_asked_for_again_when_it_has_expired(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner), brand="Flex")
    await traveller.pay(booking)
    quote = await traveller.quote(booking)
    later = traveller.at(datetime.fromisoformat(quote["expires_at"]) + timedelta(hours=1))

    assert (await later.confirm(await later.quote(booking))).status_code == 200
    assert_money_is_conserved(owner, booking)
