"""The departures of this process: read once, then kept as the database has them."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import numpy as np

from app.flights.departures import store
from app.flights.departures.days import Day
from app.flights.departures.layout import Rows, Words

# Rows on their way into columns take two to three times the room: so many at a time.
FLIGHTS_PER_READING = 250_000
POSTGRES_EPOCH = date(2000, 1, 1)


class Departures:
    """Days by their date. `read` and `read_days` may run beside searches; what they give is taken over."""

    def __init__(self, since: date) -> None:
        self.since = since
        self.days: dict[date, Day] = {}
        self.words = Words()

    def __len__(self) -> int:
        return sum(len(day) for day in self.days.values())

    @property
    def bytes(self) -> int:
        return sum(day.bytes for day in self.days.values())

    def read(self, connection: store.Connection) -> None:
        """Everything since the first day. Raises NotIndexable."""
        portion: list[date] = []
        flights = 0
        counted = [each for each in store.count_by_day(connection, self.since) if each[1]]
        for place, (day, count) in enumerate(counted):
            portion.append(day)
            flights += count
            if flights >= FLIGHTS_PER_READING or place == len(counted) - 1:
                self.days.update(self.read_days(connection, portion))
                portion, flights = [], 0

    def read_days(self, connection: store.Connection, days: Sequence[date]) -> dict[date, Day]:
        """What the days have now; a day without departures has none. Raises NotIndexable."""
        rows = store.copy_days(connection, min(days), max(days))
        self.learn(connection, rows, days)
        dates = rows["departure_date"].astype(np.int64)
        order = np.argsort(dates, kind="stable")
        dates = dates[order]
        found = {day: Day(day, rows[:0], self.words) for day in days}
        for number in np.unique(dates).tolist():
            day = POSTGRES_EPOCH + timedelta(days=number)
            if day in found:
                begin, end = np.searchsorted(dates, [number, number + 1]).tolist()
                found[day] = Day(day, rows[order[begin:end]], self.words)
        return found

    def learn(self, connection: store.Connection, rows: Rows, days: Collection[date]) -> None:
        """The words of the rows that are new."""
        columns = ("departs_zone", "arrives_zone", "aircraft_type", "classes")
        if any(self.words.unknown(rows[column]) for column in columns):
            self.words.learn(store.list_words(connection, sorted(days)))

    def apply(self, rows: Rows) -> set[date]:
        """Take in what changed of some flights; the days that must be read anew."""
        anew = set()
        for number in np.unique(rows["departure_date"]).tolist():
            day = POSTGRES_EPOCH + timedelta(days=number)
            held = self.days.get(day)
            if day >= self.since and (held is None or not held.apply(rows[rows["departure_date"] == number])):
                anew.add(day)
        return anew


def days_of(rows: Rows) -> set[date]:
    return {POSTGRES_EPOCH + timedelta(days=number) for number in np.unique(rows["departure_date"]).tolist()}
