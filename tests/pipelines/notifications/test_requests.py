"""Which events somebody is written about."""

from uuid import UUID

import pytest
from bytewax.testing import TestingSink, TestingSource

from pipelines.notifications.flow import build
from pipelines.notifications.requests import NotificationRequest, request_id_of
from pipelines.records import BadMessage, OutgoingMessage, RawMessage
from pipelines.topics import DOMAIN_EVENTS
from tests.pipelines.messages import event_message, raw, run

EVENT = UUID("0197f000-0000-7000-8000-0000000000e1")
SUBJECT = UUID("0197f000-0000-7000-8000-0000000000f1")


def run_flow(messages: list[RawMessage]) -> tuple[list[NotificationRequest], list[OutgoingMessage]]:
    requests: list[NotificationRequest] = []
    letters: list[OutgoingMessage] = []

    def write(items: list[NotificationRequest | BadMessage]) -> list[BadMessage]:
        requests.extend(item for item in items if isinstance(item, NotificationRequest))
        return [item for item in items if isinstance(item, BadMessage)]

    run(build(TestingSource(messages, batch_size=3), write, TestingSink(letters)))
    return requests, letters


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("BookingConfirmed", "booking_confirmed"),
        ("BookingCancelled", "booking_cancelled"),
        ("HoldExpired", "hold_expired"),
        ("ScheduleChanged", "schedule_changed"),
        ("PasswordResetRequested", "password_reset"),
        ("EmailVerificationRequested", "email_verification"),
        ("EmailChangeRequested", "email_change"),
        ("PasswordChanged", "password_changed"),
        ("WaitlistOffered", "waitlist_offered"),
    ],
)
def test_an_event_asks_for_one_letter_to_its_subject(kind: str, template: str) -> None:
    payload = {"pnr": "ABCDEF", "entities": {"device": "k1:d"}}

    (request,), letters = run_flow([event_message(1, kind, payload, event_id=EVENT, subject_id=SUBJECT)])

    assert (request.template, request.channel, request.subject_id) == (template, "email", SUBJECT)
    assert request.payload == {"pnr": "ABCDEF"}
    assert request.request_id == request_id_of(EVENT, "email", SUBJECT)
    assert letters == []


def test_a_request_id_never_changes() -> None:
    """A replay after an upgrade must not write to everybody again."""
    assert request_id_of(EVENT, "email", SUBJECT) == UUID("16095edc-c886-52b1-8ba3-ce7dd420aba9")


def test_other_events_ask_for_nothing() -> None:
    assert run_flow([event_message(1, "BookingCreated", {}, subject_id=SUBJECT)]) == ([], [])


def test_poison_goes_to_dead_letters_and_the_rest_goes_on() -> None:
    messages = [
        raw(DOMAIN_EVENTS, 1, b"poison"),
        event_message(2, "BookingConfirmed", {}, subject_id=SUBJECT),
        event_message(3, "BookingConfirmed", {}),
        event_message(4, "BookingConfirmed", {"pnr": "a\x00b"}, subject_id=SUBJECT),
        event_message(5, "HoldExpired", {}, subject_id=SUBJECT),
    ]

    requests, letters = run_flow(messages)

    assert [request.event.change.message.offset for request in requests] == [2, 5]
    assert [dict(letter.headers)["offset"] for letter in letters] == [b"1", b"3", b"4"]
