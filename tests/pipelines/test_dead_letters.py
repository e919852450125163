"""A dead letter is the message, byte for byte, and what is known about it."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipelines.dead_letters import MAX_REASON_CHARS, dead_letter
from pipelines.records import BadMessage
from tests.pipelines.messages import raw

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_dead_letter_carries_the_bytes_and_where_they_were() -> None:
    bad = BadMessage(raw("contrail.app.bookings", 42, b"\xff\x00", b"key", partition=3), "no JSON")

    letter = dead_letter(bad, "landing", NOW)

    assert letter.topic == "dlq.contrail.app.bookings"
    assert (letter.key, letter.value) == (b"key", b"\xff\x00")
    assert dict(letter.headers) == {
        "topic": b"contrail.app.bookings",
        "partition": b"3",
        "offset": b"42",
        "flow": b"landing",
        "reason": b"no JSON",
        "first_failed_at": b"2026-03-01T12:00:00+00:00",
        "last_failed_at": b"2026-03-01T12:00:00+00:00",
        "attempts": b"1",
    }


def test_a_message_that_fails_again_keeps_its_first_time_and_counts() -> None:
    first = dead_letter(BadMessage(raw("contrail.app.bookings", 1, b"x"), "bad"), "landing", NOW)
    again = msgspec.structs.replace(raw("contrail.app.bookings", 9, b"x"), headers=first.headers)

    second = dict(dead_letter(BadMessage(again, "bad"), "landing", NOW + timedelta(hours=1)).headers)

    assert second["first_failed_at"] == b"2026-03-01T12:00:00+00:00"
    assert second["last_failed_at"] == b"2026-03-01T13:00:00+00:00"
    assert second["attempts"] == b"2"


@given(st.text(), st.dictionaries(st.sampled_from(["attempts", "first_failed_at"]), st.binary()))
def test_any_reason_and_any_earlier_headers_make_a_letter(reason: str, earlier: dict[str, bytes]) -> None:
    message = msgspec.structs.replace(raw("contrail.app.bookings", 9, None), headers=tuple(earlier.items()))

    headers = dict(dead_letter(BadMessage(message, reason), "fraud", NOW).headers)

    assert int(headers["attempts"]) >= 1
    assert len(headers["reason"].decode()) <= MAX_REASON_CHARS * 6
