"""What callers and higher domains see of an ancillary."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.core.http import Schema
from app.core.ids import AncillaryId, FlightId
from app.core.money import Money
from app.pricing.schemas import PassengerType


class AncillaryKind(StrEnum):
    BAG = "bag"
    MEAL = "meal"
    SEAT = "seat"
    SERVICE = "service"


class SeatZone(StrEnum):
    STANDARD = "standard"
    PREFERRED = "preferred"
    EXTRA_LEGROOM = "extra_legroom"


class AncillaryPrice(Schema):
    """What one of it costs one passenger on one flight."""

    id: AncillaryId
    code: str = Field(examples=["BAG1"])
    kind: AncillaryKind
    zone: SeatZone | None = Field(description="Of a seat; null for all else")
    description: str = Field(examples=["A first bag of 23 kg in the hold"])
    amount: Money
    most: int = Field(description="How many one passenger may have on one flight", examples=[1])


class AncillaryList(Schema):
    flight_id: FlightId
    passenger_type: PassengerType
    data: list[AncillaryPrice]


@dataclass(frozen=True, slots=True)
class Ancillary:
    """A row of the catalogue."""

    id: UUID
    code: str
    kind: AncillaryKind
    zone: SeatZone | None
    description: str
    amount_minor: int
    minor_per_1000_km: int
    currency: str
    passenger_types: tuple[PassengerType, ...]
    most: int
    min_distance_km: int
    valid_from: date
    valid_to: date | None
