"""The starting rules, and sightings to try them on."""

from datetime import UTC, datetime
from typing import Any

from pipelines.fraud.observations import Entity, Observation, ObservationKind, Sighting
from pipelines.fraud.rules import RuleBook, rule_book
from tests.pipelines.messages import START_US

ROWS: list[dict[str, Any]] = [
    {
        "id": "CT1", "version": 1, "rule_group": "CT", "weight": 40, "mode": "review",
        "windows": [{"seconds": 600, "limits": {"ip": 4, "device": 4}}],
    },
    {
        "id": "V1", "version": 1, "rule_group": "V", "weight": 25, "mode": "review",
        "windows": [
            {"seconds": 3600, "limits": {"card": 3, "email": 5, "device": 3, "ip": 10}},
            {"seconds": 86400, "limits": {"card": 5, "email": 8, "device": 6, "ip": 25}},
        ],
    },
    {
        "id": "S1", "version": 1, "rule_group": "S", "weight": 30, "mode": "review",
        "windows": [
            {"seconds": 1800, "limits": {"ip": 3, "device": 3, "account": 3}},
            {"seconds": 86400, "limits": {"ip": 8, "device": 8, "account": 8}},
        ],
    },
]  # fmt: skip
ALWAYS = {"effective_from": datetime(2000, 1, 1, tzinfo=UTC), "effective_to": None}


def book(**changes: Any) -> RuleBook:
    """The starting rules; `changes` apply to every row."""
    return rule_book([{**row, **ALWAYS, **changes} for row in ROWS])


def seen(
    kind: str,
    seconds: float,
    *,
    at: tuple[str, str] = ("device", "d1"),
    name: str | None = None,
    card: str | None = "k1",
    declined: bool = False,
    booking: str | None = None,
    committed_seconds: float | None = None,
) -> Sighting:
    """An observation `seconds` after START, committed when it occurred unless said otherwise."""
    occurred_us = START_US + int(seconds * 1e6)
    late_us = int((committed_seconds if committed_seconds is not None else seconds) * 1e6)
    return Sighting(
        Entity(*at),
        Observation(
            occurred_us=occurred_us,
            event_id=name or f"{kind}-{seconds}-{card}-{booking}",
            kind=ObservationKind(kind),
            committed_us=START_US + late_us,
            booking=booking or f"b-{kind}-{seconds}",
            card=card,
            declined=declined,
        ),
    )
