"""What every source of outside offers can do, and what it may say of one."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from app.core.http import Schema
from app.core.money import Money
from app.flights.schemas import Cabin
from app.pricing.schemas import Conditions, PassengerType


class SourceName(StrEnum):
    DUFFEL = "duffel"


class OutsideSegment(Schema):
    airline: str = Field(examples=["ZZ"])
    flight_number: str = Field(examples=["2140"])
    operated_by: str = Field(examples=["ZZ"])
    origin: str
    destination: str
    departs_local: datetime = Field(description="Local time at the airport, without offset")
    departs_zone: str | None
    arrives_local: datetime
    arrives_zone: str | None
    duration: timedelta | None
    aircraft_type: str | None
    cabin: str | None
    fare_basis: str | None


class OutsideSlice(Schema):
    origin: str
    destination: str
    brand: str | None
    segments: list[OutsideSegment]


class OutsideOffer(Schema):
    """An offer of another's inventory, as the source tells it. It is not ours to book: see `is_bookable`."""

    source: SourceName
    id: str = Field(description="The source's own", examples=["off_00009htYpSCXrwaB9DnUm0"])
    airline: str = Field(description="Who sells it", examples=["ZZ"])
    expires_at: datetime
    total: Money
    taxes: Money | None
    slices: list[OutsideSlice]
    passengers: list[PassengerType]
    conditions: Conditions
    co2_kg: Decimal | None = Field(description="For the whole party, as the source reckons it")
    is_bookable: bool = Field(default=False, description="Whether POST /v1/bookings takes it; none yet")


class OutsideSliceQuery(Schema):
    origin: str
    destination: str
    departure_date: date


class OutsideQuery(Schema):
    slices: list[OutsideSliceQuery]
    party: list[PassengerType]
    cabin: Cabin
    max_stops: int | None


class SourceStatus(StrEnum):
    OK = "ok"
    FAILED = "failed"
    NOT_CONFIGURED = "not_configured"


class SourceNote(Schema):
    """Whether an outside source took part in an answer."""

    source: SourceName
    status: SourceStatus
    offers_found: int


class OfferSource(Protocol):
    """An adapter to one source: it translates, limits its waiting, and raises SourceFailed for what fails."""

    name: SourceName

    async def search(self, query: OutsideQuery, limit: int) -> list[OutsideOffer]: ...

    async def find_offer(self, offer_id: str) -> OutsideOffer | None:
        """The offer as it is now, its price asked for again; None once it is gone."""
        ...

    async def close(self) -> None: ...
