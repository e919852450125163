"""What operations asks for, and what it is told."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from app.core.http import Schema
from app.core.ids import DisruptionId, FlightId, ScheduleId
from app.flights.schedules.schemas import AircraftTypeCode, AirlineCode
from app.flights.schemas import FlightStatus, FlightView
from app.reference.schemas import AirportCode

# Two days: beyond that a flight is cancelled and another one planned.
MOST_DELAY_MINUTES = 2880
MOST_DAYS = 366

Reason = Annotated[
    str,
    Field(
        min_length=3,
        max_length=200,
        description="Why, in words fit for a traveller; names nobody",
        examples=["Late arrival of the aircraft"],
    ),
]


class DisruptionKind(StrEnum):
    CANCELLED = "cancelled"
    DELAYED = "delayed"
    DIVERTED = "diverted"
    SWAPPED = "swapped"


class Generation(Schema):
    """Make the flights of the timetable between two local days of departure, both included."""

    first: date = Field(examples=["2027-04-01"])
    last: date = Field(examples=["2027-04-07"])
    airline: AirlineCode | None = None
    schedule_id: ScheduleId | None = None

    @model_validator(mode="after")
    def _is_a_range(self) -> "Generation":
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise ValueError(f"a range of 1 to {MOST_DAYS} days")
        return self


class Generated(Schema):
    """`known` departures were there already; `impossible` ones would land before they left, because a clock
    changes under them."""

    made: int = Field(examples=[49])
    cabins: int = Field(examples=[98])
    known: int = Field(examples=[0])
    impossible: list[str] = Field(examples=[[]])


class StatusChange(Schema):
    status: Literal[
        FlightStatus.CHECK_IN_OPEN, FlightStatus.BOARDING, FlightStatus.DEPARTED, FlightStatus.ARRIVED
    ]


class Delay(Schema):
    minutes: int = Field(
        ge=0,
        le=MOST_DELAY_MINUTES,
        description="On the planned departure; 0 takes a delay back",
        examples=[150],
    )
    reason: Reason


class CancelFlight(Schema):
    reason: Reason


class Diversion(Schema):
    airport: AirportCode
    reason: Reason


class AircraftSwap(Schema):
    aircraft_type: AircraftTypeCode
    reason: Reason


class Disruption(Schema):
    """Something that happened to a flight, and how far its bookings have been told.

    Bookings are looked at one by one after the flight has changed: `done_at` says when the last was."""

    id: DisruptionId
    flight_id: FlightId
    kind: DisruptionKind
    details: dict[str, Any]
    reason: str
    bookings_changed: int = Field(description="Bookings whose travellers have been asked what they want")
    created_at: datetime
    done_at: datetime | None


class FlightDisrupted(Schema):
    """The flight as it is now, and the disruption; null where travellers have nothing to decide."""

    flight: FlightView
    disruption: Disruption | None


class Disruptions(Schema):
    data: list[Disruption]
