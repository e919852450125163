"""What a disruption means for one booking."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AffectedSegment:
    id: UUID
    flight_id: UUID


@dataclass(frozen=True, slots=True)
class Affected:
    """A ticketed booking's slice from the disrupted flight on. `before` is the flight it changes from,
    `after` the one it next leaves with on another slice."""

    booking_id: UUID
    pnr: str
    contact_subject_id: UUID
    user_id: UUID | None
    slice_number: int
    cabin: str
    fare_class: str
    seats: int
    segments: tuple[AffectedSegment, ...]
    before: UUID | None
    after: UUID | None


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A flight to be put on, and the class its seats are taken from."""

    flight_id: UUID
    fare_class: str


@dataclass(frozen=True, slots=True)
class Passengers:
    """Who holds seats on a flight, as far as choosing whom to move needs to know."""

    booking_id: UUID
    cabin: str
    fare_class: str
    seats: int
    is_checked_in: bool
    is_connecting: bool
    with_child_or_infant: bool
    ticketed_at: float
