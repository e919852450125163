"""The gate through the API: scans, go-shows, denied boarding and the close-out."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import coupon_service
from app.bookings.schemas import BoardingOutcome, CouponStatus
from app.checkin import bcbp, close_out_service
from app.core.db import transaction
from app.core.ids import decode, uuid7
from app.core.security import Role, mint_access_token
from tests.app.bookings.travellers import Traveller, departing, event_types, key_of, scalar
from tests.app.checkin.gates import buy, check_in, gate_of, on_the_day, passes, refusal, statuses
from tests.app.conftest import Owner
from tests.app.departures import Departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def checked_in(
    traveller: Traveller, departure: Departure, types: tuple[str, ...] = ("adult",), brand: str | None = None
) -> tuple[dict[str, Any], list[str]]:
    """A checked-in booking and the barcodes of its passes."""
    booking = await buy(traveller, departure, types, brand)
    today = on_the_day(traveller, departure)
    answer = await check_in(today, booking)
    assert answer.status_code == 200, answer.text
    return booking, [each["barcode"] for each in await passes(today, booking)]


async def test_a_pass_boards_its_passenger_once(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, (barcode,) = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)

    first = await gate.scan(barcode)
    second = await gate.scan(barcode)

    assert first.status_code == 200, first.text
    assert (first.json()["status"], first.json()["boarding_outcome"]) == ("boarded", "boarded")
    assert refusal(second) == (409, "already_boarded")
    assert statuses(await traveller.read(booking)) == ["boarded"]
    assert event_types(owner, booking).count("CouponBoarded") == 1


async def test_of_many_scans_at_once_one_boards(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, (barcode,) = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)

    answers = await asyncio.gather(*(gate.scan(barcode) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert event_types(owner, booking).count("CouponBoarded") == 1


async def test_a_pass_for_another_flight_is_refused(traveller: Traveller, owner: Owner) -> None:
    departure, other = departing(owner), departing(owner)
    booking, (barcode,) = await checked_in(traveller, departure)

    answer = await gate_of(traveller.client, other).scan(barcode)

    assert refusal(answer) == (409, "wrong_flight")
    assert statuses(await traveller.read(booking)) == ["checked_in"]


async def test_a_changed_or_made_up_pass_is_refused(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    _, (barcode,) = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)

    changed = await gate.scan(barcode.replace("FERRY/ADA ", "FERRY/EVE "))
    bare = await gate.scan(barcode.partition("^")[0])
    nonsense = await gate.scan("X" * 60)

    assert refusal(changed) == refusal(bare) == (422, "barcode_forged")
    assert refusal(nonsense) == (422, "barcode_unreadable")


async def test_a_pass_whose_check_in_was_taken_back_is_refused(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, (barcode,) = await checked_in(traveller, departure)
    await on_the_day(traveller, departure).post(f"/v1/bookings/{booking['id']}/check-in/undo", {})

    answer = await gate_of(traveller.client, departure).scan(barcode)

    assert refusal(answer) == (409, "not_checked_in")


async def test_boarding_opens_an_hour_before_departure(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    _, (barcode,) = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)

    early = await gate.at(departure.departs_at - timedelta(minutes=61)).scan(barcode)
    in_time = await gate.at(departure.departs_at - timedelta(minutes=60)).scan(barcode)

    assert refusal(early) == (409, "boarding_not_open")
    assert in_time.status_code == 200


async def test_the_close_out_says_what_became_of_everybody(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    flown, (barcode,) = await checked_in(traveller, departure)
    late, _ = await checked_in(traveller, departure)
    absent = await buy(traveller, departure)
    given_back = await buy(traveller, departure, brand="Flex")
    await traveller.confirm(await traveller.quote(given_back))
    gate = gate_of(traveller.client, departure)
    await gate.scan(barcode)

    early = await gate.post("/close-out")
    closed = await gate.at(departure.departs_at).post("/close-out")
    again = await gate.at(departure.departs_at).post("/close-out")
    scanned = await gate.at(departure.departs_at).scan(barcode)

    assert refusal(early) == (409, "flight_not_departed")
    assert (closed.json()["flown"], closed.json()["no_show"]) == (1, 2)
    assert refusal(again) == refusal(scanned) == (409, "boarding_closed")
    reads = [await traveller.read(booking) for booking in (flown, late, absent, given_back)]
    assert [read["travel_status"] for read in reads] == ["flown", "no_show", "no_show", None]
    assert [statuses(read) for read in reads] == [["flown"], ["open"], ["open"], ["void"]]
    outcomes = [read["tickets"][0]["coupons"][0]["boarding_outcome"] for read in reads]
    assert outcomes == ["boarded", "no_show", "no_show", None]
    assert "CouponFlown" in event_types(owner, flown)
    assert "PassengerNoShow" in event_types(owner, late)
    assert "PassengerNoShow" in event_types(owner, absent)


async def test_a_late_comer_is_taken_along_as_a_go_show(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    coupon_id = booking["tickets"][0]["coupons"][0]["id"]
    gate = gate_of(traveller.client, departure)

    taken = await gate.post("/go-shows", {"coupon_id": coupon_id})
    again = await gate.post("/go-shows", {"coupon_id": coupon_id})
    closed = await gate.at(departure.departs_at).post("/close-out")

    assert taken.status_code == 200, taken.text
    assert (taken.json()["status"], taken.json()["boarding_outcome"]) == ("boarded", "go_show")
    assert refusal(again) == (409, "coupon_not_open")
    assert closed.json()["flown"] == 1
    read = await traveller.read(booking)
    assert read["travel_status"] == "flown"
    assert read["tickets"][0]["coupons"][0]["boarding_outcome"] == "go_show"


async def test_the_last_to_check_in_of_those_who_paid_least_is_denied_and_paid(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    dear, _ = await checked_in(traveller, departure, brand="Flex")
    early, _ = await checked_in(traveller, departure)
    late, (barcode,) = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)
    early_coupon = early["tickets"][0]["coupons"][0]["id"]

    order = (await gate.client.get(gate.path("/denial-order"), headers=gate.headers())).json()
    out_of_order = await gate.post("/denials", {"kind": "involuntary", "coupon_id": early_coupon})
    denied = await gate.post("/denials", {"kind": "involuntary"})
    scanned = await gate.scan(barcode)

    assert [each["booking_id"] for each in order["data"]] == [late["id"], early["id"], dear["id"]]
    assert refusal(out_of_order) == (409, "denied_out_of_order")
    assert denied.status_code == 201, denied.text
    paid_minor = late["total"]["amount_minor"]
    assert denied.json()["booking_id"] == late["id"]
    assert denied.json()["compensation"] == {
        "amount_minor": min(4 * paid_minor, 215_000),
        "currency": "USD",
    }
    assert denied.json()["rule"].startswith("14 CFR 250.5(a)(3)")
    credit = owner.execute(
        "select user_id, booking_id, source, issued_minor, currency from app.travel_credits where id = %s",
        (decode("crd", denied.json()["travel_credit_id"]),),
    ).fetchone()
    owed = denied.json()["compensation"]
    assert credit == (
        traveller.user_id, key_of(late), "compensation", owed["amount_minor"], owed["currency"],
    )  # fmt: skip
    journal = "select coalesce(sum(amount_minor), 0) from app.journal_entries where booking_id = %s"
    assert scalar(owner, journal, key_of(late)) == 0
    assert refusal(scanned) == (409, "not_checked_in")
    assert "BoardingDenied" in event_types(owner, late)
    coupon = (await traveller.read(late))["tickets"][0]["coupons"][0]
    assert (coupon["status"], coupon["boarding_outcome"]) == ("open", "denied_involuntary")


async def test_what_the_gate_decides_is_in_the_audit_log(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, _ = await checked_in(traveller, departure)
    late = await buy(traveller, departure)
    gate = gate_of(traveller.client, departure)
    await gate.post("/go-shows", {"coupon_id": late["tickets"][0]["coupons"][0]["id"]})
    await gate.post("/denials", {"kind": "involuntary"})

    await gate.at(departure.departs_at).post("/close-out")

    entries = owner.execute(
        "select action, actor_roles, after::text from app.audit_entries where entity_id = %s order by id",
        (str(departure.flight_id),),
    ).fetchall()
    assert [entry[0] for entry in entries] == [
        "boarding.go_show_taken", "boarding.denied", "boarding.closed_out",
    ]  # fmt: skip
    assert booking["tickets"][0]["coupons"][0]["id"] in str(entries[1][2])
    assert "Ferry" not in str(entries)


async def test_an_agent_checks_in_for_a_customer_and_it_is_written_down(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking = await buy(traveller, departure)
    today = on_the_day(traveller, departure)
    agent = {"authorization": f"Bearer {mint_access_token(uuid7(), uuid7(), [Role.AGENT])}"}

    answer = await traveller.client.post(
        f"/v1/bookings/{booking['id']}/check-in", json={}, headers=today.headers(uuid7().hex) | agent
    )

    assert answer.status_code == 200, answer.text
    written = "select count(*) from app.audit_entries where entity_id = %s and action = 'booking.checked_in'"
    assert scalar(owner, written, str(key_of(booking))) == 1


async def test_a_volunteer_gets_what_was_agreed(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    booking, _ = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)
    agreed = {"amount_minor": 30_000, "currency": "USD"}

    unnamed = await gate.post("/denials", {"kind": "voluntary", "agreed": agreed})
    denied = await gate.post(
        "/denials",
        {"kind": "voluntary", "agreed": agreed, "coupon_id": booking["tickets"][0]["coupons"][0]["id"]},
    )
    closed = await gate.at(departure.departs_at).post("/close-out")

    assert refusal(unnamed) == (409, "not_checked_in")
    assert (denied.json()["kind"], denied.json()["compensation"]) == ("voluntary", agreed)
    assert (closed.json()["flown"], closed.json()["no_show"]) == (0, 0)


async def test_the_chore_closes_out_what_left_and_opens_what_was_cancelled(
    traveller: Traveller, owner: Owner
) -> None:
    left, off, coming = departing(owner), departing(owner), departing(owner)
    flown, (barcode,) = await checked_in(traveller, left)
    cancelled, _ = await checked_in(traveller, off)
    waiting, _ = await checked_in(traveller, coming)
    await gate_of(traveller.client, left).scan(barcode)
    owner.execute("update app.flights set status = 'cancelled' where id = %s", (off.flight_id,))

    async with transaction() as session:
        now = max(left.departs_at, off.departs_at) + timedelta(hours=2)
        await close_out_service.close_boardings(session, now, 100)

    reads = [await traveller.read(booking) for booking in (flown, cancelled, waiting)]
    assert [statuses(read) for read in reads] == [["flown"], ["open"], ["checked_in"]]
    assert [read["travel_status"] for read in reads] == ["flown", "not_started", "in_progress"]
    assert "cancel" in reads[1]["available_actions"]


async def test_the_list_counts_its_cabins(traveller: Traveller, owner: Owner) -> None:
    departure = departing(owner)
    _, (barcode,) = await checked_in(traveller, departure)
    await buy(traveller, departure)
    gate = gate_of(traveller.client, departure)
    await gate.scan(barcode)

    listed = await gate.read()

    assert [entry["status"] for entry in listed["data"]] == ["boarded", "open"]
    assert "Ferry" not in str(listed)
    assert scalar(owner, "select count(*) from app.boardings where flight_id = %s", departure.flight_id) == 1


async def test_scans_without_comparing_the_coupon_would_board_twice(
    traveller: Traveller, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the scans at once: the coupon is moved whatever state it is in."""
    departure = departing(owner)
    booking, (barcode,) = await checked_in(traveller, departure)
    gate = gate_of(traveller.client, departure)
    move = coupon_service.move_coupons

    async def move_anyway(
        session: AsyncSession,
        coupon_ids: Sequence[UUID],
        sources: Sequence[CouponStatus],
        target: CouponStatus,
        outcome: BoardingOutcome | None = None,
    ) -> set[UUID]:
        return await move(session, coupon_ids, list(CouponStatus), target, outcome)

    monkeypatch.setattr(coupon_service, "move_coupons", move_anyway)

    answers = [await gate.scan(barcode) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert event_types(owner, booking).count("CouponBoarded") == 2


async def test_an_infant_stays_behind_with_the_adult_who_is_denied(
    traveller: Traveller, owner: Owner
) -> None:
    departure = departing(owner)
    booking, _ = await checked_in(traveller, departure, ("adult", "infant"))
    gate = gate_of(traveller.client, departure)

    denied = await gate.post("/denials", {"kind": "involuntary"})

    assert denied.status_code == 201, denied.text
    coupons = [c for t in (await traveller.read(booking))["tickets"] for c in t["coupons"]]
    assert [(c["status"], c["boarding_outcome"]) for c in coupons] == [("open", "denied_involuntary")] * 2


async def test_an_infant_boards_after_its_adult(traveller: Traveller, owner: Owner) -> None:
    """Once, random days let an infant fly whose adult never came to the gate."""
    departure = departing(owner)
    booking, barcodes = await checked_in(traveller, departure, ("adult", "infant"))
    gate = gate_of(traveller.client, departure)
    adult, infant = sorted(barcodes, key=lambda barcode: bcbp.decode(barcode).conditional["description"])

    alone = await gate.scan(infant)
    answers = [await gate.scan(each) for each in (adult, infant)]

    assert refusal(alone) == (409, "infant_needs_adult")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert statuses(await traveller.read(booking)) == ["boarded"] * 2
