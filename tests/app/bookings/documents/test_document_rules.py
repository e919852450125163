"""Bills add up to what a booking costs; files are the same bytes wherever they are made."""

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.bookings.documents import calendar, pdf, rules
from app.bookings.documents import zones as clocks
from app.bookings.documents.rules import BilledItem, Line, PaidBack
from app.bookings.documents.schemas import DocumentKind
from app.bookings.documents.texts import amount, can_draw, name_of
from app.bookings.schemas import ItemKind, LiveStatus
from app.core.ids import uuid7

ISSUED = datetime(2031, 2, 1, 10, 30, tzinfo=UTC)


def item(kind: ItemKind, amount_minor: int, status: LiveStatus = LiveStatus.LIVE) -> BilledItem:
    return BilledItem(uuid7(), kind, "X", "something", amount_minor, status)


def gone(old: BilledItem) -> BilledItem:
    return BilledItem(old.id, old.kind, old.code, old.description, old.amount_minor, LiveStatus.CANCELLED)


def test_a_sale_is_invoiced_once() -> None:
    fare, tax = item(ItemKind.FARE, 10_000), item(ItemKind.TAX, 900)

    (invoice,) = rules.plan_bills([fare, tax], [], [])
    again = rules.plan_bills([fare, tax], invoice.lines, [])

    assert (invoice.kind, invoice.total_minor) == (DocumentKind.INVOICE, 10_900)
    assert again == []


def test_a_refund_is_credited_with_what_was_given_back_less_the_penalty() -> None:
    fare, tax = item(ItemKind.FARE, 10_000), item(ItemKind.TAX, 900)
    (invoice,) = rules.plan_bills([fare, tax], [], [])
    penalty, refund = item(ItemKind.PENALTY, 7_500), PaidBack(uuid7(), 3_400)

    (note,) = rules.plan_bills([gone(fare), gone(tax), penalty], invoice.lines, [refund])

    assert (note.kind, note.refund_id, note.total_minor) == (DocumentKind.CREDIT_NOTE, refund.id, -3_400)
    assert [line.amount_minor for line in note.lines] == [-10_000, -900, 7_500]


def test_what_was_cancelled_before_anybody_asked_is_invoiced_and_credited() -> None:
    fare, penalty = item(ItemKind.FARE, 10_000, LiveStatus.CANCELLED), item(ItemKind.PENALTY, 4_000)

    invoice, note = rules.plan_bills([fare, penalty], [], [PaidBack(uuid7(), 6_000)])

    assert (invoice.total_minor, note.total_minor) == (10_000, -6_000)


def test_an_exchange_is_invoiced_with_the_difference() -> None:
    old, new = item(ItemKind.FARE, 10_000), item(ItemKind.FARE, 16_000)
    penalty = item(ItemKind.PENALTY, 500)
    (first,) = rules.plan_bills([old], [], [])

    (second,) = rules.plan_bills([gone(old), new, penalty], first.lines, [])

    assert second.total_minor == 6_500


def test_a_refund_over_two_payments_makes_two_notes_that_add_up() -> None:
    fare = item(ItemKind.FARE, 10_000)
    (invoice,) = rules.plan_bills([fare], [], [])
    refunds = [PaidBack(uuid7(), 4_000), PaidBack(uuid7(), 6_000)]

    notes = rules.plan_bills([gone(fare)], invoice.lines, refunds)

    assert [note.total_minor for note in notes] == [-4_000, -6_000]


def test_a_cheaper_exchange_is_one_credit_note_for_what_came_back() -> None:
    old, new = item(ItemKind.FARE, 16_000), item(ItemKind.FARE, 10_000)
    (invoice,) = rules.plan_bills([old], [], [])

    (note,) = rules.plan_bills([gone(old), new], invoice.lines, [PaidBack(uuid7(), 6_000)])

    assert [line.amount_minor for line in note.lines] == [10_000, -16_000]


def test_what_came_back_as_travel_credit_has_a_note_without_a_refund() -> None:
    old, new = item(ItemKind.FARE, 16_000), item(ItemKind.FARE, 10_000)
    (invoice,) = rules.plan_bills([old], [], [])

    (note,) = rules.plan_bills([gone(old), new], invoice.lines, [])

    assert (note.kind, note.refund_id, note.total_minor) == (DocumentKind.CREDIT_NOTE, None, -6_000)


def test_nothing_is_credited_while_its_refund_is_on_the_way() -> None:
    fare = item(ItemKind.FARE, 10_000)
    (invoice,) = rules.plan_bills([fare], [], [])

    assert rules.plan_bills([gone(fare)], invoice.lines, [], is_refund_pending=True) == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "drop", "exchange", "ask"]),
        st.integers(0, 50_000),
        st.integers(0, 20_000),
        st.sampled_from(["refund", "two refunds", "credit"]),
    ),
    max_size=12,
)


@given(steps)
def test_whatever_happens_the_bills_add_up_to_what_it_costs(
    life: list[tuple[str, int, int, str]],
) -> None:
    """Items come, go and are exchanged with penalties; what is owed comes back; at any time somebody asks."""
    items = [item(ItemKind.FARE, 30_000)]
    refunds: list[PaidBack] = []
    lines: list[Line] = []
    for step, amount_minor, penalty_minor, way in [*life, ("ask", 0, 0, "credit")]:
        live = [each for each in items if each.status is LiveStatus.LIVE and each.kind is ItemKind.FARE]
        if step == "ask":
            bills = rules.plan_bills(items, lines, refunds)
            lines += [line for bill in bills for line in bill.lines]
            noted = {bill.refund_id: bill.total_minor for bill in bills if bill.refund_id}
            assert noted == {refund.id: -refund.amount_minor for refund in refunds}
            refunds = []
            live_minor = sum(each.amount_minor for each in items if each.status is LiveStatus.LIVE)
            assert sum(line.amount_minor for line in lines) == live_minor
            continue
        if step in ("add", "exchange"):
            items.append(item(ItemKind.FARE, amount_minor))
        if step in ("drop", "exchange") and live:
            items[items.index(live[0])] = gone(live[0])
            penalty = min(penalty_minor, live[0].amount_minor)
            items.append(item(ItemKind.PENALTY, penalty))
            back = live[0].amount_minor - penalty - (amount_minor if step == "exchange" else 0)
            if back > 1 and way != "credit":
                parts = [back] if way == "refund" else [back // 2, back - back // 2]
                refunds += [PaidBack(uuid7(), part) for part in parts]


def test_numbers_say_their_series_and_year() -> None:
    assert rules.number_of(DocumentKind.INVOICE, 2031, 7) == "INV-2031-000007"
    assert rules.number_of(DocumentKind.CREDIT_NOTE, 2031, 123) == "CRN-2031-000123"


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(123_450, "USD", "$1,234.50"), (-5, "USD", "-$0.05"), (1500, "JPY", "¥1,500")],
)
def test_amounts_have_their_currencys_decimals(minor: int, currency: str, written: str) -> None:
    assert amount(minor, currency) == written


@pytest.mark.parametrize(
    ("given_name", "family_name", "shown"),
    [
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("X", "O’Neill-Ó Dálaigh", "X O’Neill-Ó Dálaigh"),
        ("Юлия", "Щербакова", "Юлия Щербакова"),
        ("Ελένη", "Ψαρρά", "Ελένη Ψαρρά"),
        ("小明", "王", "Xiao Ming Wang"),
        ("דוד", "כהן", "Dvd Khn"),
    ],
)
def test_names_are_shown_as_written_or_spelled_where_the_font_cannot(
    given_name: str, family_name: str, shown: str
) -> None:
    assert name_of({"given_name": given_name, "family_name": family_name}) == shown


def test_an_erased_name_is_said_to_be_erased() -> None:
    assert name_of(None) == "(name erased)"


@given(st.text(max_size=30), st.text(max_size=30))
def test_whatever_the_name_the_font_can_draw_what_is_shown(given_name: str, family_name: str) -> None:
    assert can_draw(name_of({"given_name": given_name, "family_name": family_name}))


def flight_facts() -> dict[str, Any]:
    return {
        "segment_id": "0a",
        "airline": "B6",
        "flight_number": "1",
        "origin": "JFK",
        "destination": "LAX",
        "departs_local": "2031-03-09T01:30:00",
        "departs_zone": "America/New_York",
        "arrives_local": "2031-03-09T05:00:00",
        "arrives_zone": "America/Los_Angeles",
        "cabin": "economy",
        "fare_class": "Y",
        "is_cancelled": False,
    }


def receipt_facts() -> dict[str, Any]:
    passenger = {
        "subject_id": "one",
        "type": "adult",
        "ticket_number": "9790000000001",
        "fare_bases": ["YFLEX"],
        "lines": [{"code": "YFLEX", "description": "Flex fare & <more>", "amount_minor": 12_300}],
        "total_minor": 12_300,
    }
    payment = {
        "amount_minor": 12_300,
        "currency": "USD",
        "how": "visa ending in 4242",
        "at": "2031-01-02T03:04:05+00:00",
    }
    return {
        "pnr": "ABC234",
        "currency": "USD",
        "flights": [flight_facts()],
        "passengers": [passenger],
        "payments": [payment],
        "conditions": ["Changes before departure: not allowed"],
    }


def make_receipt() -> bytes:
    people = {"one": {"given_name": "Юлия", "family_name": "O’Neill"}}
    return pdf.render(DocumentKind.RECEIPT, receipt_facts(), people, None, 1, ISSUED)


def test_a_receipt_is_the_same_bytes_in_another_process_with_another_seed() -> None:
    here = hashlib.sha256(make_receipt()).hexdigest()
    code = (
        "import hashlib; from tests.app.bookings.documents.test_document_rules import make_receipt; "
        "print(hashlib.sha256(make_receipt()).hexdigest())"
    )

    elsewhere = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout.strip()
        for seed, zone in (("1", "Asia/Tokyo"), ("2", "America/Lima"))
    }

    assert elsewhere == {here}


def test_a_receipt_embeds_its_font_and_knows_no_moment_but_its_own() -> None:
    made = make_receipt()

    assert made.startswith(b"%PDF-")
    assert b"/FontFile2" in made
    assert f"{datetime.now(UTC):%Y%m%d}".encode() not in made


@pytest.mark.parametrize(
    ("departs", "zone"),
    [
        ("2031-03-09T01:30:00", "America/New_York"),
        ("2031-03-09T03:30:00", "America/New_York"),
        ("2031-11-02T00:30:00", "America/New_York"),
        ("2031-11-02T03:30:00", "America/New_York"),
        ("2031-07-01T12:00:00", "America/Phoenix"),
        ("2031-03-30T04:00:00", "Europe/London"),
        ("2031-10-05T05:00:00", "Australia/Lord_Howe"),
    ],
)
def test_a_reader_that_knows_only_the_file_finds_the_right_moment(departs: str, zone: str) -> None:
    """The zone is looked up in the file's own changes of clocks, as RFC 5545 says."""
    local = datetime.fromisoformat(departs)
    moment = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    changes = clocks.zone_changes(zone, moment, moment + timedelta(hours=5))
    onsets = [(datetime.fromisoformat(change["onset"]), change) for change in changes]
    _, in_force = max((each for each in onsets if each[0] <= local), key=lambda each: each[0])

    assert local - timedelta(seconds=in_force["to_seconds"]) == moment.replace(tzinfo=None)


def test_the_calendar_reads_back_and_tells_of_what_is_off() -> None:
    flight = flight_facts() | {"is_cancelled": True}
    first = datetime(2031, 3, 9, 6, 30, tzinfo=UTC)
    zones = {
        zone: clocks.zone_changes(zone, first, first)
        for zone in (flight["departs_zone"], flight["arrives_zone"])
    }
    facts = {"pnr": "ABC234", "flights": [flight], "zones": zones}

    made = calendar.render(facts, 2, ISSUED)

    read = Calendar.from_ical(made)
    (event,) = read.walk("VEVENT")
    assert (str(event["status"]), event["sequence"]) == ("CANCELLED", 1)
    assert event.decoded("dtstart").astimezone(UTC) == first
    assert event.decoded("dtstart").utcoffset() == timedelta(hours=-5)
    assert event.decoded("dtend").utcoffset() == timedelta(hours=-7)
    assert len(read.walk("VTIMEZONE")) == 2
    assert made == calendar.render(facts, 2, ISSUED)
