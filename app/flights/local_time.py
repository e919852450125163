"""What a timetable's local time means, where clocks go forward, go back, and differ between the two ends."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

# Only used to choose between candidate days of arrival, so a rough airliner is good enough.
CRUISE_KM_PER_HOUR = 780
TAXI_AND_CLIMB = timedelta(minutes=40)

HALF_A_DAY_MINUTES = 12 * 60


class LocalMoment(NamedTuple):
    """One moment as the airport's clock shows it, and in UTC."""

    local: datetime
    instant: datetime


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone, kept: building one reads a file."""
    return ZoneInfo(name)


def resolve_local(day: date, at: time, zone: ZoneInfo) -> LocalMoment:
    """What a printed local time means.

    A time that the spring change skips moves forward by the gap (02:30 is flown at 03:30);
    one that autumn repeats is its first occurrence.
    """
    return _moment(datetime.combine(day, at, zone).replace(fold=0))


def resolve_arrival(departs_at: datetime, at: time, zone: ZoneInfo, distance_km: float) -> LocalMoment:
    """The reading of a printed arrival time whose length of flight is the most plausible.

    The printed time names no day, and when autumn repeats an hour not even one moment.
    """
    expected = _expected_arrival(departs_at, distance_km)
    guess = expected.astimezone(zone)
    day = guess.date() + timedelta(days=_nearest_day(guess.time(), at))
    reading = _nearest_reading(datetime.combine(day, at, zone), expected)
    if reading.instant <= departs_at:
        reading = _nearest_reading(datetime.combine(day + timedelta(days=1), at, zone), expected)
    return reading


def resolve_arrival_on(
    day: date, at: time, zone: ZoneInfo, departs_at: datetime, distance_km: float
) -> LocalMoment:
    """What a printed arrival time means whose day is known; in a repeated hour, the plausible reading.

    The caller has to see whether it is later than `departs_at`."""
    return _nearest_reading(datetime.combine(day, at, zone), _expected_arrival(departs_at, distance_km))


def local_moment(instant: datetime, zone: ZoneInfo) -> LocalMoment:
    """A moment in UTC as the airport's clock shows it."""
    return LocalMoment(instant.astimezone(zone).replace(tzinfo=None, fold=0), instant)


def _expected_arrival(departs_at: datetime, distance_km: float) -> datetime:
    return departs_at + TAXI_AND_CLIMB + timedelta(hours=distance_km / CRUISE_KM_PER_HOUR)


def _nearest_day(guess: time, at: time) -> int:
    """Whether `at` is nearest to the guess on the day before (-1), on the same day (0) or the next (1)."""
    minutes = (at.hour - guess.hour) * 60 + at.minute - guess.minute
    return 1 if minutes < -HALF_A_DAY_MINUTES else -1 if minutes > HALF_A_DAY_MINUTES else 0


def _nearest_reading(aware: datetime, expected: datetime) -> LocalMoment:
    first, second = aware.replace(fold=0), aware.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return _moment(first)
    return min(_moment(first), _moment(second), key=lambda reading: abs(reading.instant - expected))


def _moment(aware: datetime) -> LocalMoment:
    instant = aware.astimezone(UTC)
    zone = aware.tzinfo
    assert isinstance(zone, ZoneInfo)
    return local_moment(instant, zone)
