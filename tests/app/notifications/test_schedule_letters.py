"""What travellers are written when a flight does not go as they bought it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.notifications.letters import write_letter
from app.notifications.schemas import Claim

NOW = datetime(2031, 5, 4, 16, 0, tzinfo=UTC)


def letter(**changes: object) -> str:
    payload = {
        "pnr": "K7M2PX",
        "kind": "cancelled",
        "reason": "Late arrival of the aircraft",
        "delay_minutes": 0,
        "is_flight_kept": False,
        "options": 2,
    }
    claim = Claim(
        request_id=UUID(int=1),
        subject_id=UUID(int=2),
        template="schedule_changed",
        payload=payload | changes,
        message_id="<1@contrail.example>",
        attempts=1,
    )
    person = {"email": "ada@example.com", "given_name": "Ada"}
    message = write_letter(claim, person, [], "Contrail <mail@contrail.example>", NOW)
    text = message.get_body(("plain",))
    assert text is not None
    assert "K7M2PX" in str(message["Subject"])
    return str(text.get_content())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "is cancelled"),
        ({}, "accept the first, choose another one, or have your money back"),
        ({"options": 0}, "no other flight for you yet"),
        ({"kind": "delayed", "delay_minutes": 150, "is_flight_kept": True}, "150 minutes late"),
        ({"kind": "delayed", "is_flight_kept": True, "options": 0}, "stay on this flight, or have"),
        ({"kind": "missed_connection"}, "would miss the next one"),
        ({"kind": "downgraded"}, "a smaller aircraft"),
    ],
)
def test_the_letter_says_what_happened_and_what_can_be_done(changes: dict[str, object], words: str) -> None:
    text = letter(**changes)

    assert words in text
    assert "Late arrival of the aircraft" in text
