"""The fraud flow as a whole, on lists."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from bytewax.testing import TestingSink, TestingSource

from pipelines.fraud.flow import build
from pipelines.fraud.signals import joined
from pipelines.fraud.watch import Raised
from pipelines.records import OutgoingMessage, RawMessage
from pipelines.topics import DOMAIN_EVENTS
from tests.pipelines.fraud.book import book
from tests.pipelines.messages import event_message, raw, run

BOOKING = UUID("0197f000-0000-7000-8000-00000000000a")
BOOK = book()


def payment(offset: int, *, declined: bool = True, **entities: Any) -> RawMessage:
    return event_message(
        offset,
        "PaymentFailed" if declined else "PaymentSucceeded",
        {"payment_id": str(offset), "entities": {"card": f"k1:{offset}", **entities}},
        booking_id=BOOKING,
        after_start=timedelta(seconds=offset),
    )


def run_flow(messages: list[RawMessage]) -> tuple[list[Raised], list[OutgoingMessage]]:
    raised: list[Raised] = []
    letters: list[OutgoingMessage] = []

    def write(items: list[Raised]) -> list[OutgoingMessage]:
        raised.extend(items)
        return []

    run(build(TestingSource(messages, batch_size=5), lambda: BOOK, write, TestingSink(letters)))
    return raised, letters


def test_card_testing_is_seen_at_the_device_and_at_the_address() -> None:
    raised, letters = run_flow([payment(n, device="k1:d", ip="k1:i", ip24="k1:n") for n in range(6)])

    found = joined(item.signal for item in raised)
    assert {(s.rule_id, s.entity_kind, s.observed) for s in found.values()} == {
        ("CT1", "device", 6),
        ("CT1", "ip", 6),
    }
    assert sum(item.is_new for item in raised) == 2
    assert letters == []


def test_events_of_other_types_and_entities_nobody_knew_are_nothing() -> None:
    other = event_message(1, "BookingTicketed", {"pnr": "ABCDEF", "ticket_numbers": []})
    unknown = event_message(2, "BookingCreated", {"entities": {"device": None}}, booking_id=BOOKING)
    bare = event_message(3, "BookingCreated", {}, booking_id=BOOKING)

    assert run_flow([other, unknown, bare]) == ([], [])


def test_poison_goes_to_dead_letters_and_the_rest_goes_on() -> None:
    good = [payment(n, device="k1:d") for n in range(4)]
    poison = [
        raw(DOMAIN_EVENTS, 50, b"{"),
        event_message(51, "PaymentFailed", {"entities": {"device": 7}}, booking_id=BOOKING),
        event_message(52, "PaymentFailed", {"entities": "none"}, booking_id=BOOKING),
        event_message(53, "HoldExpired", {"entities": {"device": "k1:d"}}),
        event_message(54, "PaymentFailed", {"entities": {"device": "a\x00b"}}, booking_id=BOOKING),
        event_message(55, "HoldExpired", {}, booking_id=BOOKING, op="u"),
    ]

    raised, letters = run_flow([*poison[:3], *good, *poison[3:]])

    assert len(raised) == 1
    assert [dict(letter.headers)["offset"] for letter in letters] == [b"%d" % n for n in range(50, 56)]


def test_an_event_that_is_no_event_says_why() -> None:
    row = msgspec.json.decode(event_message(1, "HoldExpired", {}, booking_id=BOOKING).value or b"")
    row["after"]["occurred_at"] = "yesterday"
    message = raw(DOMAIN_EVENTS, 1, msgspec.json.encode(row))

    _, (letter,) = run_flow([message])

    assert b"not a domain event" in dict(letter.headers)["reason"]
