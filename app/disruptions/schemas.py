"""What moves the test clock, and what a move has done."""

from datetime import datetime

from pydantic import AwareDatetime, Field

from app.core.http import Schema


class Advance(Schema):
    to: AwareDatetime = Field(
        description="The moment to play up to; never before the last one", examples=["2026-03-01T12:00:00Z"]
    )


class Advanced(Schema):
    now: datetime
    outcomes_applied: int = Field(description="Flights whose outcome became known on the way")
    holds_expired: int = Field(description="Bookings whose time to pay ran out on the way")


class TestClockState(Schema):
    """`paused` means that history is being played and the timed chores wait."""

    now: datetime
    paused: bool
