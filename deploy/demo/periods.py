"""Schedules: what repeats among the legs of a month becomes a row per weekday; the rest flies without."""

import calendar
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from uuid import UUID

from deploy.demo.timetable import Leg

# A timetable is published a calendar month at a time, so that any range of days derives the same
# schedules and loading a wider range later never contradicts what is there.
FEWEST_DEPARTURES = 2

LegKey = tuple[str, str, str, str, datetime]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One flight number on one route and weekday, at the same local times while it is valid."""

    id: UUID
    airline: str
    flight_number: str
    origin: str
    destination: str
    weekday: int
    departs_local: time
    arrives_local: time
    arrives_day_offset: int
    valid_from: date
    valid_to: date
    aircraft_type: str
    simulated: bool


def month_of(day: date) -> tuple[date, date]:
    """First and last day of the month that holds `day`."""
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def derive_schedules(legs: list[Leg]) -> tuple[list[Schedule], dict[LegKey, UUID]]:
    """(schedules, the schedule of each leg that has one) of one month's legs.

    A schedule is an unbroken run of at least two departures at the same times. A second departure of one
    number on one route and day (a return that waited overnight) stays without a schedule: rows of one
    weekday may not overlap.
    """
    schedules: list[Schedule] = []
    schedule_of: dict[LegKey, UUID] = {}
    for _, same_weekday in groupby(sorted(legs, key=_weekday_order), key=_weekday_key):
        for run in _runs(_one_a_day(list(same_weekday))):
            if len(run) >= FEWEST_DEPARTURES:
                schedule = _schedule(run)
                schedules.append(schedule)
                schedule_of.update((leg.key, schedule.id) for leg in run)
    return schedules, schedule_of


def stable_id(moment: datetime, *key: object) -> UUID:
    """A UUIDv7 whose time is `moment` and whose other bits are the key's hash: the same row, the same id."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=10).digest()
    bits = int.from_bytes(digest)
    milliseconds = int(moment.timestamp() * 1000)
    high = milliseconds << 80 | 0x7 << 76 | (bits >> 62 & 0xFFF) << 64
    return UUID(int=high | 0b10 << 62 | bits & ((1 << 62) - 1))


def _weekday_key(leg: Leg) -> tuple[str, str, str, str, int]:
    return leg.airline, leg.flight_number, leg.origin, leg.destination, leg.departs.local.isoweekday()


def _weekday_order(leg: Leg) -> tuple[tuple[str, str, str, str, int], datetime]:
    return _weekday_key(leg), leg.departs.local


def _one_a_day(legs: list[Leg]) -> list[Leg]:
    return [next(same_day) for _, same_day in groupby(legs, key=lambda leg: leg.departure_date)]


def _runs(legs: list[Leg]) -> Iterator[list[Leg]]:
    for _, run in groupby(legs, key=_times):
        yield list(run)


def _times(leg: Leg) -> tuple[time, time, int]:
    days = (leg.arrives.local.date() - leg.departs.local.date()).days
    return leg.departs.local.time(), leg.arrives.local.time(), days


def _schedule(run: list[Leg]) -> Schedule:
    first, last = run[0], run[-1]
    departs, arrives, day_offset = _times(first)
    airline, number, origin, destination, weekday = _weekday_key(first)
    types = [leg.aircraft_type for leg in run]
    start = datetime.combine(first.departure_date, time(), UTC)
    return Schedule(
        stable_id(start, "schedule", airline, number, origin, destination),
        airline, number, origin, destination, weekday, departs, arrives, day_offset,
        first.departure_date, last.departure_date,
        max(sorted(set(types)), key=types.count), first.simulated,
    )  # fmt: skip
