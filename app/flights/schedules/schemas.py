"""What operations sends of the timetable, and what it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.core.http import Schema
from app.core.ids import ScheduleId
from app.core.local_times import LocalTimeOfDay
from app.reference.schemas import AirportCode


def _to_the_minute(at: time) -> time:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError("a timetable's time is local and to the minute, such as 08:15")
    return at


def _each_once(weekdays: list[int]) -> list[int]:
    if len(set(weekdays)) < len(weekdays):
        raise ValueError("each weekday once")
    return sorted(weekdays)


AirlineCode = Annotated[str, Field(pattern="^[A-Z0-9]{2}$", description="IATA code", examples=["B6"])]
FlightNumber = Annotated[str, Field(pattern="^[1-9][0-9]{0,3}[A-Z]?$", examples=["615"])]
Weekday = Annotated[int, Field(ge=1, le=7, description="ISO 8601: 1 is Monday", examples=[1])]
TimetableTime = Annotated[LocalTimeOfDay, AfterValidator(_to_the_minute)]
DayOffset = Annotated[
    int, Field(ge=-1, le=2, description="Local days from departure to arrival", examples=[0])
]
AircraftTypeCode = Annotated[str, Field(min_length=1, max_length=40, examples=["A320-232"])]


class NewSchedule(Schema):
    """A flight number on some weekdays between two dates; each weekday becomes a schedule of its own."""

    airline: AirlineCode
    flight_number: FlightNumber
    origin: AirportCode
    destination: AirportCode
    weekdays: Annotated[
        list[Weekday], AfterValidator(_each_once), Field(min_length=1, max_length=7, examples=[[1, 2, 3]])
    ]
    departs_local: TimetableTime
    arrives_local: TimetableTime
    arrives_day_offset: DayOffset = 0
    valid_from: date = Field(examples=["2027-03-28"])
    valid_to: date = Field(examples=["2027-10-30"])
    aircraft_type: AircraftTypeCode


class ScheduleEdit(Schema):
    """What changes; the rest stays. Flights already made are not touched."""

    departs_local: TimetableTime | None = None
    arrives_local: TimetableTime | None = None
    arrives_day_offset: DayOffset | None = None
    valid_from: date | None = Field(default=None, examples=["2027-03-28"])
    valid_to: date | None = Field(default=None, examples=["2027-10-30"])
    aircraft_type: AircraftTypeCode | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "ScheduleEdit":
        if all(value is None for value in self.model_dump().values()):
            raise ValueError("name at least one thing to change")
        return self


class ScheduleView(Schema):
    id: ScheduleId
    airline: AirlineCode
    flight_number: str = Field(examples=["615"])
    origin: AirportCode
    destination: AirportCode
    weekday: Weekday
    departs_local: LocalTimeOfDay
    arrives_local: LocalTimeOfDay
    arrives_day_offset: int
    valid_from: date
    valid_to: date
    aircraft_type: str = Field(examples=["A320-232"])
    version: int = Field(description="The ETag of this state", examples=[1])


class SchedulesMade(Schema):
    data: list[ScheduleView]


class SsimImported(Schema):
    """What a document brought. Schedules that were there already are not made again."""

    made: int = Field(description="Schedules that are new, one for each weekday and period")
    known: int = Field(description="Schedules that were there already, to the minute")
    ignored_legs: int = Field(description="Legs that carry no passengers")
    is_dry_run: bool


@dataclass(frozen=True, slots=True)
class NewFlight:
    """A dated flight just made, and the seats by cabin of the aircraft it is planned with."""

    id: UUID
    cabins: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Generated:
    """What a range of days holds. `impossible` names departures that would land before they left."""

    new: list[NewFlight]
    known: int
    impossible: list[str]


@dataclass(frozen=True, slots=True)
class ScheduleFilter:
    airline: str | None = None
    flight_number: str | None = None
    origin: str | None = None
    destination: str | None = None
    on: date | None = None
