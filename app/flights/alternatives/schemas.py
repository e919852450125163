"""What is asked for, and what is found."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """A way from one airport to another that leaves in a span of time, but not on these flights."""

    origin: str
    destination: str
    leaves_after: datetime
    leaves_before: datetime
    without: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Leg:
    """One flight as it is expected to fly."""

    flight_id: UUID
    origin: str
    destination: str
    departs_at: datetime
    arrives_at: datetime
