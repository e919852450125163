"""Which day of 2013 stands for a day."""

from datetime import date, timedelta

import pytest

from deploy.demo.local_time import source_day


@pytest.mark.parametrize(("first", "last"), [("2024-01-01", "2025-03-01"), ("2027-11-01", "2029-02-01")])
def test_every_day_maps_to_the_same_weekday_of_2013_near_its_own_date(first: str, last: str) -> None:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        source = source_day(day)

        assert source.year == 2013
        assert (day - source).days % 7 == 0
        same_date = date(2013, day.month, min(day.day, 28) if day.month == 2 else day.day)
        assert abs((source - same_date).days) <= 6
        day += timedelta(days=1)


@pytest.mark.parametrize("leap_day", [date(2024, 2, 29), date(2028, 2, 29)])
def test_a_leap_day_has_a_source_day_of_its_weekday(leap_day: date) -> None:
    assert source_day(leap_day).isoweekday() == leap_day.isoweekday()
    assert abs((source_day(leap_day) - date(2013, 2, 28)).days) <= 3
