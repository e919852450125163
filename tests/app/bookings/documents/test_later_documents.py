"""Documents of bookings that live on: extras, other flights, part of it gone, a name put right.

After each step the bills add up to what the booking costs then."""

import hashlib
from typing import Any

import pytest

from tests.app.bookings.changes.test_changes import confirm_change, quote_change
from tests.app.bookings.documents.test_documents import listed, total
from tests.app.bookings.extras.test_orders import bag, order, pay_order
from tests.app.bookings.names.test_names import correct
from tests.app.bookings.test_parts import only
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    departing,
    key_of,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def ticketed(
    traveller: Traveller, owner: Owner, types: tuple[str, ...] = ("adult",), brand: str = "Standard"
) -> dict[str, Any]:
    booking = await traveller.book(departing(owner), types, brand)
    await traveller.pay(booking)
    return await traveller.read(booking)


async def assert_bills_are_what_it_costs(
    traveller: Traveller, owner: Owner, booking: dict[str, Any]
) -> list[dict[str, Any]]:
    """Invoices and credit notes add up to the live items; every file is still its hash."""
    documents = await listed(traveller, booking)
    live = scalar(
        owner,
        "select coalesce(sum(amount_minor), 0) from app.booking_items "
        "where booking_id = %s and status = 'live'",
        key_of(booking),
    )
    assert total(documents, "invoice", "credit_note") == live
    assert_money_is_conserved(owner, booking)
    for document in documents:
        content = (await traveller.get(document["href"])).content
        assert hashlib.sha256(content).hexdigest() == document["sha256"]
    return documents


def count(documents: list[dict[str, Any]]) -> dict[str, int]:
    kinds = [document["kind"] for document in documents]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


async def test_extras_bought_later_have_an_invoice_of_their_own(traveller: Traveller, owner: Owner) -> None:
    booking = await ticketed(traveller, owner)
    await assert_bills_are_what_it_costs(traveller, owner, booking)
    assert (await pay_order(traveller, await order(booking, bag(booking)))).status_code == 201

    documents = await assert_bills_are_what_it_costs(traveller, owner, booking)

    assert count(documents) == {"invoice": 2, "itinerary": 1, "receipt": 2}
    assert [each["total"]["amount_minor"] for each in documents if each["kind"] == "invoice"][1] == 4_500


async def test_other_flights_for_more_are_invoiced_with_the_difference(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await ticketed(traveller, owner)
    await assert_bills_are_what_it_costs(traveller, owner, booking)
    change = await quote_change(traveller, booking, await traveller.offer(departing(owner), brand="Flex"))
    assert (await confirm_change(traveller, change)).status_code == 200

    documents = await assert_bills_are_what_it_costs(traveller, owner, booking)

    assert count(documents) == {"invoice": 2, "itinerary": 2, "receipt": 2}
    newest = [each for each in documents if each["kind"] == "invoice"][1]
    assert newest["total"] == change["due"]


async def test_other_flights_for_less_are_credited_with_what_came_back(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await ticketed(traveller, owner, brand="Flex")
    await assert_bills_are_what_it_costs(traveller, owner, booking)
    change = await quote_change(traveller, booking, await traveller.offer(departing(owner), brand="Standard"))
    assert (await confirm_change(traveller, change, token=None)).status_code == 200

    documents = await assert_bills_are_what_it_costs(traveller, owner, booking)

    assert count(documents)["invoice"] + count(documents).get("credit_note", 0) >= 2


@pytest.mark.parametrize("asked_before", [True, False])
async def test_of_two_passengers_one_is_credited(
    traveller: Traveller, owner: Owner, asked_before: bool
) -> None:
    booking = await ticketed(traveller, owner, ("adult", "adult"))
    if asked_before:
        await assert_bills_are_what_it_costs(traveller, owner, booking)
    later = traveller.after_the_void_window()
    quote = await later.quote(booking, only(booking["passengers"][0]))
    assert (await later.confirm(quote)).status_code == 200

    documents = await assert_bills_are_what_it_costs(later, owner, booking)

    assert count(documents)["credit_note"] == 1
    assert count(documents)["receipt"] == (2 if asked_before else 1)


async def test_a_name_put_right_is_on_a_new_receipt_and_not_on_the_old_invoice(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await ticketed(traveller, owner)
    before = {each["kind"]: each for each in await listed(traveller, booking)}
    assert (await correct(traveller, booking, {"family_name": "Ferri"})).status_code == 200

    documents = await assert_bills_are_what_it_costs(traveller, owner, booking)

    assert count(documents) == {"invoice": 1, "itinerary": 1, "receipt": 2}
    newest = [each for each in documents if each["kind"] == "receipt"][1]
    assert newest["revision"] == 2
    assert newest["sha256"] != before["receipt"]["sha256"]
