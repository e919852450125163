"""Documents through the API: issued once, numbered without gaps, the same bytes each time."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from app.bookings.documents import store
from app.core.db import transaction
from app.core.ids import decode, uuid7
from app.core.security import Role, mint_access_token, mint_guest_token
from tests.app.bookings.travellers import (
    Traveller,
    assert_money_is_conserved,
    departing,
    key_of,
    new_traveller,
    scalar,
)
from tests.app.conftest import Owner

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def buy(traveller: Traveller, owner: Owner, brand: str | None = None) -> dict[str, Any]:
    booking = await traveller.book(departing(owner), ("adult", "child"), brand)
    await traveller.pay(booking)
    return await traveller.read(booking)


async def listed(traveller: Traveller, booking: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await traveller.get(f"/v1/bookings/{booking['id']}/documents")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


def total(documents: list[dict[str, Any]], *kinds: str) -> int:
    return sum(each["total"]["amount_minor"] for each in documents if each["kind"] in kinds)


async def test_a_ticketed_booking_has_a_receipt_an_invoice_and_a_calendar(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await buy(traveller, owner)

    documents = await listed(traveller, booking)
    again = await listed(traveller, booking)

    assert sorted(each["kind"] for each in documents) == ["invoice", "itinerary", "receipt"]
    assert again == documents
    assert total(documents, "invoice") == booking["total"]["amount_minor"]


async def test_every_file_is_its_hash_however_often_and_by_either_address(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await buy(traveller, owner)
    names = {"receipt": "receipt.pdf", "invoice": "invoice.pdf", "itinerary": "itinerary.ics"}

    for document in await listed(traveller, booking):
        by_id = await traveller.get(document["href"])
        by_name = await traveller.get(f"/v1/bookings/{booking['id']}/documents/{names[document['kind']]}")
        unchanged = await traveller.client.get(
            document["href"], headers=traveller.headers() | {"if-none-match": by_id.headers["etag"]}
        )

        assert by_id.content == by_name.content
        assert hashlib.sha256(by_id.content).hexdigest() == document["sha256"]
        assert by_id.headers["content-type"] == document["media_type"]
        assert by_id.headers["document-original"] == "true"
        assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_a_held_booking_has_no_documents(traveller: Traveller, owner: Owner) -> None:
    booking = await traveller.book(departing(owner))

    answer = await traveller.get(f"/v1/bookings/{booking['id']}/documents/receipt.pdf")

    assert await listed(traveller, booking) == []
    assert (answer.status_code, answer.json()["code"]) == (404, "document_not_found")


async def test_owner_guest_and_agent_read_documents_and_nobody_else(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await buy(traveller, owner)
    stranger = new_traveller(traveller.client, owner)
    path = f"/v1/bookings/{booking['id']}/documents/invoice.pdf"
    agent = {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.AGENT])}"}

    guest = {"authorization": f"Bearer {mint_guest_token(key_of(booking))}"}
    wrong_guest = {"authorization": f"Bearer {mint_guest_token(uuid7())}"}

    refused = await stranger.get(path)
    allowed = [await traveller.client.get(path, headers=who) for who in (agent, guest)]
    lost = await traveller.client.get(path, headers=wrong_guest)
    other = await buy(traveller, owner)
    document = (await listed(traveller, other))[0]
    crossed = await traveller.get(f"/v1/bookings/{booking['id']}/documents/{document['id']}/file")

    assert (refused.status_code, refused.json()["code"]) == (404, "booking_not_found")
    own = await traveller.get(path)
    assert [answer.content for answer in allowed] == [own.content] * 2
    assert (lost.status_code, lost.json()["code"]) == (404, "booking_not_found")
    assert (crossed.status_code, crossed.json()["code"]) == (404, "document_not_found")


async def test_a_refund_has_its_credit_note_and_all_bills_add_up_to_what_is_kept(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await buy(traveller, owner, "Standard")
    first = await listed(traveller, booking)
    later = traveller.at(datetime.now(UTC) + timedelta(days=2))
    confirmed = (await later.confirm(await later.quote(booking))).json()

    documents = await listed(later, booking)

    (note,) = [each for each in documents if each["kind"] == "credit_note"]
    refund = confirmed["refund"]
    assert note["refund_id"] == refund["id"]
    assert note["total"]["amount_minor"] == -refund["amount"]["amount_minor"]
    live = scalar(
        owner,
        "select sum(amount_minor) from app.booking_items where booking_id = %s and status = 'live'",
        key_of(booking),
    )
    assert live == confirmed["penalty"]["amount_minor"] > 0
    assert total(documents, "invoice", "credit_note") == live
    assert_money_is_conserved(owner, booking)
    for document in first:
        assert (
            hashlib.sha256((await traveller.get(document["href"])).content).hexdigest() == document["sha256"]
        )
    calendar = Calendar.from_ical(
        (await traveller.get(f"/v1/bookings/{booking['id']}/documents/itinerary.ics")).content
    )
    assert [str(event["status"]) for event in calendar.walk("VEVENT")] == ["CANCELLED"]
    assert await listed(traveller, booking) == documents


async def test_a_moved_flight_makes_a_new_revision_and_leaves_the_old_one_as_it_was(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await buy(traveller, owner)
    first = {each["kind"]: each for each in await listed(traveller, booking)}
    owner.execute(
        "update app.flights set departs_local = departs_local + interval '30 minutes', "
        "departs_at = departs_at + interval '30 minutes' where id = %s",
        (decode("flt", booking["slices"][0]["segments"][0]["flight_id"]),),
    )

    documents = await listed(traveller, booking)

    revisions = sorted((each["kind"], each["revision"]) for each in documents)
    assert revisions == [
        ("invoice", 1), ("itinerary", 1), ("itinerary", 2), ("receipt", 1), ("receipt", 2),
    ]  # fmt: skip
    for kind in ("receipt", "itinerary"):
        content = (await traveller.get(first[kind]["href"])).content
        assert hashlib.sha256(content).hexdigest() == first[kind]["sha256"]


async def test_an_erased_name_is_gone_from_documents_and_they_say_so(
    traveller: Traveller, owner: Owner
) -> None:
    booking = await buy(traveller, owner)
    invoice = next(each for each in await listed(traveller, booking) if each["kind"] == "invoice")
    owner.execute(
        "delete from vault.people where subject_id in "
        "(select subject_id from app.passengers where booking_id = %s)",
        (key_of(booking),),
    )

    answer = await traveller.get(invoice["href"])

    assert answer.status_code == 200
    assert answer.headers["document-original"] == "false"
    assert hashlib.sha256(answer.content).hexdigest() != invoice["sha256"]


async def test_documents_hold_no_name_outside_of_the_vault(traveller: Traveller, owner: Owner) -> None:
    booking = await buy(traveller, owner)
    await listed(traveller, booking)

    facts = scalar(
        owner,
        "select string_agg(documents::text, ' ') from app.documents where booking_id = %s",
        key_of(booking),
    )

    assert booking["pnr"] in facts
    for word in ("Ferry", "Ada", "Cleo", "example.com"):
        assert word not in facts


async def test_an_issued_document_cannot_be_changed(traveller: Traveller, owner: Owner) -> None:
    booking = await buy(traveller, owner)
    await listed(traveller, booking)

    for statement in ("update app.documents set sha256 = sha256", "delete from app.documents"):
        with pytest.raises(Exception, match="not changed"):
            owner.execute(f"{statement} where booking_id = %s", (key_of(booking),))


def numbers(owner: Owner, kind: str) -> list[int]:
    rows = owner.execute("select number from app.documents where kind = %s order by number", (kind,))
    return [int(str(row[0]).rsplit("-", 1)[1]) for row in rows]


async def test_many_invoices_at_once_leave_no_gap_and_a_failed_one_neither(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few enough that all are drawn within the two seconds anybody waits for a lock, on a busy machine too.
    bookings = [await buy(traveller, owner) for _ in range(3)]
    unlucky = bookings[0]
    insert = store.insert_document

    async def fail(session: Any, values: dict[str, Any]) -> None:
        if values["number"]:
            raise RuntimeError("the machine went away")
        await insert(session, values)

    monkeypatch.setattr(store, "insert_document", fail)
    failed = await traveller.get(f"/v1/bookings/{unlucky['id']}/documents")
    monkeypatch.setattr(store, "insert_document", insert)

    await asyncio.gather(*(listed(traveller, booking) for booking in bookings for _ in range(2)))

    issued = numbers(owner, "invoice")
    assert failed.status_code == 500
    assert issued == list(range(1, len(issued) + 1))


async def test_numbers_taken_in_a_transaction_of_their_own_would_leave_gaps(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: what a sequence would do. The series of the test is put back at the end."""
    booking = await buy(traveller, owner)
    take, insert = store.take_number_for_update, store.insert_document

    async def take_for_good(session: Any, series: str) -> int:
        async with transaction() as own:
            return await take(own, f"TEST-{series}")

    async def fail(session: Any, values: dict[str, Any]) -> None:
        if values["number"]:
            raise RuntimeError("the machine went away")
        await insert(session, values)

    monkeypatch.setattr(store, "take_number_for_update", take_for_good)
    monkeypatch.setattr(store, "insert_document", fail)
    failed = await traveller.get(f"/v1/bookings/{booking['id']}/documents")
    monkeypatch.setattr(store, "insert_document", insert)

    last = scalar(owner, "select max(last_number) from app.document_series where series like 'TEST-%%'")
    assert failed.status_code == 500
    assert last == 1
    assert scalar(owner, "select count(*) from app.documents where booking_id = %s", key_of(booking)) == 0
