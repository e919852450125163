"""What other domains ask of inventory."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class HoldOutcome(StrEnum):
    SOLD = "sold"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SeatRequest:
    """Seats of one fare class in one cabin of one flight."""

    flight_id: UUID
    cabin: str
    fare_class: str
    seats: int
