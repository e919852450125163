"""Repeating departures: one weekday between two dates, or several weekdays in one record. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from itertools import groupby
from typing import Any

ONE_DAY = timedelta(days=1)
ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, order=True)
class WeeklyLeg:
    """One flight number on one route and weekday (1 is Monday), between its first and its last departure."""

    airline: str
    flight_number: str
    origin: str
    destination: str
    departs_local: time
    arrives_local: time
    arrives_day_offset: int
    aircraft_type: str
    weekday: int
    valid_from: date
    valid_to: date

    @property
    def days(self) -> Iterator[date]:
        day = first_on(self.weekday, self.valid_from)
        while day <= self.valid_to:
            yield day
            day += ONE_WEEK

    @property
    def key(self) -> tuple[Any, ...]:
        """All but the period."""
        return (*self.pattern, self.weekday)

    @property
    def pattern(self) -> tuple[Any, ...]:
        """All but the weekday and the period."""
        return (
            self.airline, self.flight_number, self.origin, self.destination, self.departs_local,
            self.arrives_local, self.arrives_day_offset, self.aircraft_type,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """Weekly legs that differ in nothing but the weekday: what one SSIM leg record can say."""

    leg: WeeklyLeg
    weekdays: frozenset[int]
    valid_from: date
    valid_to: date


def first_on(weekday: int, day: date) -> date:
    """The first such weekday on or after a day."""
    return day + timedelta(days=(weekday - day.isoweekday()) % 7)


def last_on(weekday: int, day: date) -> date:
    """The last such weekday on or before a day."""
    return day - timedelta(days=(day.isoweekday() - weekday) % 7)


def trimmed(leg: WeeklyLeg) -> WeeklyLeg | None:
    """The same departures, its period ending on the first and the last. None when there is not one."""
    first, last = first_on(leg.weekday, leg.valid_from), last_on(leg.weekday, leg.valid_to)
    return replace(leg, valid_from=first, valid_to=last) if first <= last else None


def canonical(legs: Iterable[WeeklyLeg]) -> list[WeeklyLeg]:
    """The same departures in as few legs as can be, in order: trimmed, and joined week to week."""
    short = [kept for leg in legs if (kept := trimmed(leg)) is not None]
    joined: list[WeeklyLeg] = []
    for _, same in groupby(sorted(short, key=_by_key), key=lambda leg: leg.key):
        joined.extend(_joined(list(same)))
    return sorted(joined)


def without(leg: WeeklyLeg, others: Iterable[WeeklyLeg]) -> list[WeeklyLeg]:
    """What is left of a leg's departures when those of others of the same key are taken away."""
    taken = {day for other in others if other.key == leg.key for day in other.days}
    left = [day for day in leg.days if day not in taken]
    return canonical(replace(leg, valid_from=day, valid_to=day) for day in left)


def patterns(legs: Iterable[WeeklyLeg]) -> list[Pattern]:
    """The legs as records of several weekdays each, without a departure more or less."""
    found: list[Pattern] = []
    for _, same in groupby(sorted(canonical(legs), key=_by_pattern), key=lambda leg: leg.pattern):
        groups: list[list[WeeklyLeg]] = []
        for leg in same:
            home = next((group for group in groups if _fits(group, leg)), None)
            if home is None:
                groups.append([leg])
            else:
                home.append(leg)
        found.extend(_pattern(group) for group in groups)
    return found


def _joined(legs: Sequence[WeeklyLeg]) -> Iterator[WeeklyLeg]:
    current = legs[0]
    for leg in legs[1:]:
        if leg.valid_from <= current.valid_to + ONE_WEEK:
            current = replace(current, valid_to=max(current.valid_to, leg.valid_to))
        else:
            yield current
            current = leg
    yield current


def _fits(group: Sequence[WeeklyLeg], leg: WeeklyLeg) -> bool:
    """Whether one period can hold all of them: every one still begins and ends on its own dates."""
    everyone = [*group, leg]
    first, last = min(each.valid_from for each in everyone), max(each.valid_to for each in everyone)
    return len({each.weekday for each in everyone}) == len(everyone) and all(
        each.valid_from == first_on(each.weekday, first) and each.valid_to == last_on(each.weekday, last)
        for each in everyone
    )


def _pattern(group: Sequence[WeeklyLeg]) -> Pattern:
    return Pattern(
        leg=group[0],
        weekdays=frozenset(leg.weekday for leg in group),
        valid_from=min(leg.valid_from for leg in group),
        valid_to=max(leg.valid_to for leg in group),
    )


def _by_key(leg: WeeklyLeg) -> tuple[tuple[Any, ...], date]:
    return leg.key, leg.valid_from


def _by_pattern(leg: WeeklyLeg) -> tuple[tuple[Any, ...], date, int]:
    return leg.pattern, leg.valid_from, leg.weekday
