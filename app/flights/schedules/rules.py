"""A dated departure out of a schedule, and whether a schedule can be flown at all. No I/O."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from app.flights.local_time import LocalMoment, resolve_arrival_on, resolve_local
from app.flights.schedules.weeks import first_on

# The longest scheduled flight takes 19 hours: what takes a day has a wrong day of arrival.
LONGEST_FLIGHT = timedelta(hours=24)
# Two years: airlines publish one ahead.
LONGEST_PERIOD = timedelta(days=731)


@dataclass(frozen=True, slots=True)
class Printed:
    """The times of a schedule as it prints them."""

    departs_local: time
    arrives_local: time
    arrives_day_offset: int


@dataclass(frozen=True, slots=True)
class Ends:
    """The two airports' clocks, and how far apart they are."""

    origin: ZoneInfo
    destination: ZoneInfo
    distance_km: int


def resolve(day: date, printed: Printed, ends: Ends) -> tuple[LocalMoment, LocalMoment]:
    """When a departure of that local day leaves and arrives."""
    departs = resolve_local(day, printed.departs_local, ends.origin)
    arrival_day = day + timedelta(days=printed.arrives_day_offset)
    arrives = resolve_arrival_on(
        arrival_day, printed.arrives_local, ends.destination, departs.instant, ends.distance_km
    )
    return departs, arrives


def takes_time(departs: LocalMoment, arrives: LocalMoment) -> bool:
    return timedelta(0) < arrives.instant - departs.instant < LONGEST_FLIGHT


def why_impossible(
    printed: Printed, weekday: int, valid_from: date, valid_to: date, ends: Ends
) -> tuple[str, str] | None:
    """(what is wrong, the field) of a schedule that cannot be flown. Clocks may change within it: looked
    at is its first departure; generation looks at each."""
    if valid_to < valid_from:
        return "it ends before it begins", "valid_to"
    if valid_to - valid_from > LONGEST_PERIOD:
        return f"a period lasts at most {LONGEST_PERIOD.days} days", "valid_to"
    first = first_on(weekday, valid_from)
    if valid_to < first:
        return "the period holds no such weekday", "valid_to"
    if not takes_time(*resolve(first, printed, ends)):
        hours = int(LONGEST_FLIGHT.total_seconds() // 3600)
        return f"it would not arrive within {hours} hours after it left", "arrives_day_offset"
    return None
