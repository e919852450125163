"""What callers and higher domains see of a flight."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.http import Schema
from app.core.ids import FlightId
from app.core.local_times import LocalDateTime


class FlightStatus(StrEnum):
    SCHEDULED = "scheduled"
    DELAYED = "delayed"
    CHECK_IN_OPEN = "check_in_open"
    BOARDING = "boarding"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    CANCELLED = "cancelled"
    DIVERTED = "diverted"


class Cabin(StrEnum):
    ECONOMY = "economy"
    PREMIUM_ECONOMY = "premium_economy"
    BUSINESS = "business"
    FIRST = "first"


class Traffic(StrEnum):
    """Whether a flight crosses a border. Its two airports decide."""

    DOMESTIC = "domestic"
    INTERNATIONAL = "international"

    @classmethod
    def between(cls, origin_country: str, destination_country: str) -> "Traffic":
        return cls.DOMESTIC if origin_country == destination_country else cls.INTERNATIONAL


Moment = Annotated[datetime, Field(description="RFC 3339, UTC", examples=["2026-12-01T13:15:00Z"])]


class FlightView(Schema):
    id: FlightId
    airline: str = Field(examples=["B6"])
    flight_number: str = Field(examples=["615"])
    origin: str = Field(examples=["JFK"])
    destination: str = Field(examples=["LAX"])
    departure_date: date = Field(description="At the origin")
    departs_local: LocalDateTime
    departs_zone: str = Field(examples=["America/New_York"])
    arrives_local: LocalDateTime
    arrives_zone: str = Field(examples=["America/Los_Angeles"])
    departs_at: Moment
    arrives_at: Moment
    estimated_departs_at: datetime | None = Field(description="Once it is known to differ")
    estimated_arrives_at: datetime | None
    status: FlightStatus
    delay_minutes: int = Field(description="On departure; negative when it left early")
    aircraft_type: str = Field(examples=["A320-232"])
    distance_km: int = Field(examples=[3983])


class ClassAvailability(Schema):
    fare_class: str = Field(examples=["Y"])
    seats_open: int = Field(ge=0, examples=[42])


class CabinAvailability(Schema):
    cabin: Cabin
    capacity: int
    classes: list[ClassAvailability] = Field(description="From the dearest down; limits are nested")
    as_of: Moment = Field(description="When the newest change this answer includes was committed")


class FlightAvailability(Schema):
    """What the streams last saw. `as_of` and `age_ms` are of the newest cabin, null when none has arrived.

    A cabin nobody books does not change, so a great age means quiet or lag; only taking seats promises."""

    flight_id: FlightId
    cabins: list[CabinAvailability]
    as_of: datetime | None
    age_ms: int | None = Field(description="How long ago that was, by the database's clock")


@dataclass(frozen=True)
class CheckInWindow:
    """A time from `opens_at` until just before `closes_at`."""

    opens_at: datetime
    closes_at: datetime

    def holds(self, now: datetime) -> bool:
        return self.opens_at <= now < self.closes_at


@dataclass(frozen=True, slots=True)
class Departure:
    """One flight of a search with one cabin's live availability, in the order of `classes`."""

    flight_id: UUID
    airline: str
    flight_number: str
    origin: str
    destination: str
    departure_date: date
    departs_local: datetime
    departs_zone: str
    arrives_local: datetime
    arrives_zone: str
    departs_at: datetime
    arrives_at: datetime
    aircraft_type: str
    distance_km: int
    classes: list[str]
    seats_open: list[int]
    source_ts: datetime
    read_at: datetime


@dataclass(frozen=True, slots=True)
class MinimumConnections:
    """How long a change of flights takes at one airport, by what arrives and what departs."""

    domestic_domestic: timedelta
    domestic_international: timedelta
    international_domestic: timedelta
    international_international: timedelta

    def between(self, arriving: Traffic, departing: Traffic) -> timedelta:
        minimum: timedelta = getattr(self, f"{arriving}_{departing}")
        return minimum
