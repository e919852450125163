"""Calendar rules: which day of 2013 stands for a day. What its local times mean, the core's rules say."""

from datetime import date, timedelta

SOURCE_YEAR = 2013
WEEK = timedelta(days=7)


def source_day(day: date) -> date:
    """The day of 2013 nearest in the calendar that falls on the same weekday: whole weeks lie between.

    A year is one day more than 52 weeks, so a fixed 364-day cycle would drift by a season in time.
    """
    last_of_february = (day.month, day.day) == (2, 29)
    same_date = date(SOURCE_YEAR, 2, 28) if last_of_february else day.replace(year=SOURCE_YEAR)
    shift = (day.weekday() - same_date.weekday() + 3) % 7 - 3
    source = same_date + timedelta(days=shift)
    if source.year < SOURCE_YEAR:
        return source + WEEK
    if source.year > SOURCE_YEAR:
        return source - WEEK
    return source
