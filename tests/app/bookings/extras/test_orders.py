"""Extras are part of what a hold costs; on a ticket they wait for their own money, and come with it."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from app.bookings.access import get_booking_for_update
from app.bookings.extras import service
from app.bookings.extras.errors import ExtrasClosed, ExtraUnknown
from app.bookings.extras.schemas import ExtraLine, ExtrasOrder, FulfilKind
from app.core import clock
from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.ids import decode, encode, uuid7
from app.core.money import Money
from app.inventory.errors import SoldOut
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    departing,
    event_types,
    key_of,
    payment_request,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

BAG = 4_500


def bag(booking: dict[str, Any], amount_minor: int = BAG, kind: FulfilKind = FulfilKind.BAG) -> ExtraLine:
    return ExtraLine(
        passenger_id=decode("pas", booking["passengers"][0]["id"]),
        segment_id=decode("seg", booking["slices"][0]["segments"][0]["id"]),
        code="BAG1",
        description="Checked bag",
        amount=Money(amount_minor=amount_minor, currency="USD"),
        fulfil_kind=kind,
    )


async def order(booking: dict[str, Any], *lines: ExtraLine, at: datetime | None = None) -> ExtrasOrder:
    bind(RequestContext(virtual_now=at))
    async with transaction() as session:
        row = await get_booking_for_update(session, key_of(booking))
        return await service.order(session, row, lines, await clock.now(session))


async def pay_order(
    traveller: Traveller, ordered: ExtrasOrder, token: str = "tok_ok_US_card", key: str | None = None
) -> Any:
    path = (
        f"/v1/bookings/{encode('bkg', ordered.booking_id)}/ancillaries/{encode('ord', ordered.id)}/payments"
    )
    return await traveller.post(path, payment_request(token), key)


def live(booking: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in booking["items"]:
        if item["status"] == "live":
            found[item["kind"]] = found.get(item["kind"], 0) + item["amount"]["amount_minor"]
    return found


async def test_extras_of_a_hold_are_paid_with_it(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))

    ordered = await order(booking, bag(booking))
    payment = await traveller.pay(booking)

    assert ordered.status == "applied"
    assert payment["amount"]["amount_minor"] == booking["total"]["amount_minor"] + BAG
    ticketed = await traveller.read(booking)
    assert live(ticketed)["ancillary"] == BAG
    assert ticketed["total"]["amount_minor"] == booking["total"]["amount_minor"] + BAG
    assert_money_is_conserved(owner, booking)


async def test_extras_of_a_ticket_wait_for_their_money(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)

    ordered = await order(booking, bag(booking))
    assert ordered.status == "waiting"
    assert "ancillary" not in live(await traveller.read(booking))
    paid = await pay_order(traveller, ordered)

    assert (paid.status_code, paid.json()["status"], paid.json()["purpose"]) == (201, "captured", "extras")
    assert paid.json()["amount"]["amount_minor"] == BAG
    assert live(await traveller.read(booking))["ancillary"] == BAG
    shown = (await traveller.get(f"/v1/bookings/{booking['id']}/ancillaries")).json()["data"]
    assert [each["status"] for each in shown] == ["applied"]
    assert shown[0]["extras"][0]["item_id"] is not None
    assert event_types(owner, booking)[-2:] == ["PaymentSucceeded", "ExtrasAdded"]
    assert_money_is_conserved(owner, booking)


async def test_free_extras_are_had_at_once(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)

    ordered = await order(booking, bag(booking, 0, FulfilKind.MEAL))

    assert ordered.status == "applied"
    assert live(await traveller.read(booking))["ancillary"] == 0
    assert_money_is_conserved(owner, booking)


async def test_an_order_is_paid_for_once(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    ordered = await order(booking, bag(booking))

    answers = await asyncio.gather(*(pay_order(traveller, ordered) for _ in range(4)))

    codes = sorted((answer.status_code, answer.json().get("code")) for answer in answers)
    assert codes[0] == (201, None)
    assert set(codes[1:]) <= {
        (409, "extras_order_not_payable"),
        (409, "payment_in_progress"),
    }
    assert live(await traveller.read(booking))["ancillary"] == BAG
    assert_money_is_conserved(owner, booking)


async def test_order_lapses(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    ordered = await order(booking, bag(booking))

    late = await pay_order(traveller.at(ordered.expires_at), ordered)

    assert (late.status_code, late.json()["code"]) == (409, "extras_order_not_payable")
    assert_money_is_conserved(owner, booking)


async def test_money_goes_back_when_the_booking_was_cancelled_meanwhile(
    traveller: Traveller, owner: Owner
) -> None:
    """The cancellation comes between the charge and its result."""
    booking = await traveller.book(departing(owner), brand="Flex")
    await traveller.pay(booking)
    ordered = await order(booking, bag(booking))
    assert (await traveller.confirm(await traveller.quote(booking))).status_code == 200

    late = await pay_order(traveller, ordered)

    assert (late.status_code, late.json()["code"]) == (409, "extras_order_not_payable")
    assert_money_is_conserved(owner, booking)


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """A kind of extra that is gone by the time it is paid for."""

    async def refuse(*_: object) -> None:
        raise SoldOut("no more of these")

    service.on_fulfil(FulfilKind.SERVICE, refuse)
    yield
    del service._fulfilments[FulfilKind.SERVICE]


async def test_money_goes_back_when_an_extra_cannot_be_given(
    traveller: Traveller, owner: Owner, nothing_left: None
) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    ordered = await order(booking, bag(booking, kind=FulfilKind.SERVICE))

    paid = await pay_order(traveller, ordered)

    assert paid.json()["refunded"]["amount_minor"] == BAG
    shown = (await traveller.get(f"/v1/bookings/{booking['id']}/ancillaries")).json()["data"]
    assert [each["status"] for each in shown] == ["waiting"]
    assert "ancillary" not in live(await traveller.read(booking))
    assert_money_is_conserved(owner, booking)


async def test_repeat_of_a_payment_gives_the_same_answer(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.pay(booking)
    ordered = await order(booking, bag(booking))

    first = await pay_order(traveller, ordered, key="extras")
    again = await pay_order(traveller, ordered, key="extras")

    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_what_is_not_of_the_booking_gets_no_extras(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    other = await traveller.book(departing(owner))

    with pytest.raises(ExtraUnknown):
        await order(booking, bag(other))


async def test_nothing_is_added_to_what_has_ended(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))
    await traveller.confirm(await traveller.quote(booking))

    with pytest.raises(ExtrasClosed):
        await order(booking, bag(booking))


async def test_order_of_another_booking_is_not_found(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))

    answer = await traveller.post(
        f"/v1/bookings/{booking['id']}/ancillaries/{encode('ord', uuid7())}/payments", payment_request()
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "extras_order_not_found")
