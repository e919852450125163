"""What other domains ask of seats by number, and what they get."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.core.http import Schema


class SeatPosition(StrEnum):
    WINDOW = "window"
    MIDDLE = "middle"
    AISLE = "aisle"


class SeatZone(StrEnum):
    STANDARD = "standard"
    PREFERRED = "preferred"
    EXTRA_LEGROOM = "extra_legroom"


class ReleaseReason(StrEnum):
    CHANGED = "changed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RESEATED = "reseated"


class SeatRow(Schema):
    """One row of a cabin. The last row of a cabin may lack some of its letters."""

    number: int
    letters: str
    zone: SeatZone
    is_exit: bool


class CabinLayout(Schema):
    """A cabin from front to back. `blocks` are the letters between two aisles, as in ABC DEF."""

    cabin: str
    blocks: list[str]
    rows: list[SeatRow]


@dataclass(frozen=True, slots=True)
class SeatPlace:
    """Where one seat of a layout is."""

    seat: str
    cabin: str
    zone: SeatZone
    position: SeatPosition
    is_exit: bool
    block: str


@dataclass(frozen=True, slots=True)
class SeatWish:
    """A seat asked for one passenger on one flight; `cabin` is the one they travel in, where it is known."""

    flight_id: UUID
    passenger_id: UUID
    seat: str
    cabin: str | None = None
    with_infant: bool = False


@dataclass(frozen=True, slots=True)
class SeatAssignment:
    id: UUID
    booking_id: UUID
    passenger_id: UUID
    flight_id: UUID
    cabin: str
    seat: str
    assigned_at: datetime
    held_until: datetime | None
