"""What other domains ask of inventory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class NewHold:
    """What one booking would hold until `expires_at`, all or nothing."""

    booking_id: UUID
    requests: Sequence[SeatRequest]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CabinCounters:
    """One cabin as it stands once its dead holds are off."""

    flight_id: UUID
    cabin: str
    classes: list[str]
    limits: list[int]
    held: list[int]
    sold: list[int]
