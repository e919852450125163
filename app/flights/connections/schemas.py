"""What is asked of one slice of a journey."""

from dataclasses import dataclass
from datetime import date, time, timedelta

from app.flights.schemas import Cabin


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Two times of day at an airport, both ends included; from late to early it runs over midnight."""

    earliest: time
    latest: time


@dataclass(frozen=True, slots=True)
class SliceQuery:
    """A route on a local day of its origin, and what narrows the choice. None narrows nothing."""

    origin: str
    destination: str
    departure_date: date
    cabin: Cabin
    seats: int
    airlines: tuple[str, ...] | None = None
    departs: TimeWindow | None = None
    arrives: TimeWindow | None = None


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """How long a change may take, and how far the flights may go together."""

    shortest: timedelta
    longest: timedelta
    longest_way_km: int


@dataclass(frozen=True, slots=True)
class MonthQuery:
    """The direct flights of a route in the month that begins on a day."""

    origin: str
    destination: str
    first_day: date
    cabin: Cabin


@dataclass(frozen=True, slots=True)
class ClassOfADay:
    """A fare class that an airline has a seat in on a day of the route."""

    departure_date: date
    airline: str
    distance_km: int
    fare_class: str
