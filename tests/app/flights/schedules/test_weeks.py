"""Repeating departures: however they are cut and joined, the same dates fly."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.flights.schedules.weeks import WeeklyLeg, canonical, first_on, last_on, patterns, without

MONDAY = date(2026, 6, 1)
LEG = WeeklyLeg("B6", "615", "JFK", "LAX", time(8, 15), time(11, 20), 0, "A320", 1, MONDAY, date(2026, 6, 30))

legs = st.builds(
    lambda weekday, start, days, departs: replace(
        LEG,
        weekday=weekday,
        departs_local=time(departs),
        valid_from=MONDAY + timedelta(days=start),
        valid_to=MONDAY + timedelta(days=start + days),
    ),
    st.integers(1, 7),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(6, 8),
)


def departures(several: list[WeeklyLeg]) -> set[tuple[object, ...]]:
    return {(*leg.pattern, day) for leg in canonical(several) for day in leg.days}


def by_the_calendar(several: list[WeeklyLeg]) -> set[tuple[object, ...]]:
    """The same set, day by day: the slow and obvious way."""
    return {
        (*leg.pattern, day)
        for leg in several
        for day in (
            leg.valid_from + timedelta(days=n) for n in range((leg.valid_to - leg.valid_from).days + 1)
        )
        if day.isoweekday() == leg.weekday
    }


@pytest.mark.parametrize(("weekday", "first"), [(1, 1), (2, 2), (7, 7)])
def test_first_on_and_last_on_find_the_weekday(weekday: int, first: int) -> None:
    assert first_on(weekday, MONDAY) == date(2026, 6, first)
    assert last_on(weekday, MONDAY) == date(2026, 6, first) - (
        timedelta(0) if weekday == 1 else timedelta(days=7)
    )


@given(st.lists(legs, max_size=8))
def test_canonical_legs_fly_on_the_same_dates_and_never_twice(several: list[WeeklyLeg]) -> None:
    short = canonical(several)

    assert departures(several) == by_the_calendar(several)
    assert len([day for leg in short for day in leg.days]) == len(departures(several))
    assert canonical(short) == short


@given(st.lists(legs, max_size=8))
def test_records_of_several_weekdays_say_no_departure_more_or_less(several: list[WeeklyLeg]) -> None:
    expanded = [
        replace(pattern.leg, weekday=weekday, valid_from=pattern.valid_from, valid_to=pattern.valid_to)
        for pattern in patterns(several)
        for weekday in pattern.weekdays
    ]

    assert canonical(expanded) == canonical(several)


def test_a_timetable_of_every_day_is_one_record() -> None:
    daily = [replace(LEG, weekday=weekday) for weekday in range(1, 8)]

    (pattern,) = patterns(daily)

    assert pattern.weekdays == frozenset(range(1, 8))
    assert (pattern.valid_from, pattern.valid_to) == (MONDAY, date(2026, 6, 30))


@given(legs, st.lists(legs, max_size=5))
def test_what_is_left_of_a_leg_and_what_was_taken_make_it_whole(
    leg: WeeklyLeg, others: list[WeeklyLeg]
) -> None:
    same = [other for other in others if other.key == leg.key]

    left = without(leg, others)

    assert departures(left).isdisjoint(departures(same))
    assert departures([*left, *same]) >= departures([leg])
    assert departures(left) <= departures([leg])
