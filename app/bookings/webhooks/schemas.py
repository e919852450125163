"""What providers are answered."""

from enum import StrEnum

from pydantic import Field

from app.core.http import Schema


class EventOutcome(StrEnum):
    """`applied` changed something; `stale` came after the state it tells of; `unknown` is about nothing of
    ours; `ignored` is a kind we have no use for; `duplicate` was taken before."""

    APPLIED = "applied"
    STALE = "stale"
    UNKNOWN = "unknown"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"


class EventTaken(Schema):
    event_id: str = Field(examples=["evt_0197f3a2"])
    outcome: EventOutcome
