"""Reads departures on a connection of its own, one reading at a time, in a thread of its own."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from app.flights.departures import store
from app.flights.departures.days import Day
from app.flights.departures.layout import Rows
from app.flights.departures.memory import Departures, days_of

FLIGHTS_PER_STATEMENT = 2_000


class Reader:
    """Opens its connection when it first needs it, and again after it was lost."""

    def __init__(self) -> None:
        self._connection: store.Connection | None = None

    def everything(self, since: date) -> Departures:
        departures = Departures(since)
        departures.read(self._connected())
        return departures

    def flights(self, departures: Departures, flight_ids: Iterable[UUID]) -> list[Rows]:
        """What the flights have now, with the words that are new among it learnt."""
        found = []
        ids = sorted(flight_ids)
        for begin in range(0, len(ids), FLIGHTS_PER_STATEMENT):
            rows = store.copy_flights(self._connected(), ids[begin : begin + FLIGHTS_PER_STATEMENT])
            departures.learn(self._connected(), rows, days_of(rows))
            found.append(rows)
        return found

    def days(self, departures: Departures, days: Iterable[date]) -> dict[date, Day]:
        read: dict[date, Day] = {}
        for day in sorted(days):
            read |= departures.read_days(self._connected(), [day])
        return read

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _connected(self) -> store.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = store.connect()
        return self._connection
