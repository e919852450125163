"""Flights picked out of some days' columns, and joining those that connect."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from app.flights.connections.schemas import SliceQuery, TimeWindow
from app.flights.departures.days import EPOCH, NO_CABIN, Day
from app.flights.departures.layout import code_of

Places = NDArray[np.int64]
NOWHERE = np.zeros(0, np.int64)
DAY_SECONDS = 24 * 60 * 60
# Room for the times of six days in seconds beside two codes of 16 bits.
TIME_BITS = 20
LATEST = 2**TIME_BITS - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A query in the columns' own terms."""

    query: SliceQuery
    origin: int
    destination: int
    departs_after: int
    airlines: NDArray[np.uint16] | None

    @classmethod
    def of(cls, query: SliceQuery, departs_after: datetime) -> "Asked | None":
        """None for an airport that cannot be one."""
        origin, destination = code_of(query.origin), code_of(query.destination)
        if origin is None or destination is None:
            return None
        codes = [code_of(airline) for airline in query.airlines or ()]
        airlines = np.array([code for code in codes if code is not None], np.uint16)
        seconds = (departs_after - EPOCH) // timedelta(seconds=1)
        return cls(query, origin, destination, seconds, None if query.airlines is None else airlines)


@dataclass(frozen=True, slots=True)
class Legs:
    """Flights by their columns; `days` and `rows` are where each was picked."""

    days: NDArray[np.int64]
    rows: NDArray[np.int64]
    origin: NDArray[np.int64]
    destination: NDArray[np.int64]
    airline: NDArray[np.int64]
    departs: NDArray[np.int64]
    arrives: NDArray[np.int64]
    km: NDArray[np.int64]
    high: NDArray[np.uint64]
    low: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.rows)

    def pick(self, places: Places) -> "Legs":
        return Legs(*(getattr(self, name)[places] for name in self.__slots__))

    def earliest(self, limit: int) -> "Legs":
        """The first by departure and id, where there are more than `limit`."""
        if len(self) <= limit:
            return self
        return self.pick(np.lexsort((self.low, self.high, self.departs))[:limit])

    def rank(self, *keys: NDArray[np.int64]) -> Places:
        """The place of each flight by `keys` and then its id."""
        order = np.lexsort((self.low, self.high, *reversed(keys)))
        ranks = np.empty(len(self), np.int64)
        ranks[order] = np.arange(len(self))
        return ranks


def legs_of(picked: Sequence[tuple[int, Day, NDArray[np.int64]]]) -> Legs:
    """The rows picked of each day, given with the day's number."""

    def column(name: str) -> NDArray[np.int64]:
        parts = [getattr(day, name)[rows] for _, day, rows in picked]
        return np.concatenate(parts).astype(np.int64) if parts else np.zeros(0, np.int64)

    def half(name: str) -> NDArray[np.uint64]:
        parts: list[NDArray[np.uint64]] = [getattr(day, name)[rows] for _, day, rows in picked]
        return np.concatenate(parts) if parts else np.zeros(0, np.uint64)

    numbers = [np.full(len(rows), number) for number, _, rows in picked]
    return Legs(
        days=np.concatenate([NOWHERE, *numbers]),
        rows=np.concatenate([NOWHERE, *(rows for _, _, rows in picked)]),
        origin=column("origin"),
        destination=column("destination"),
        airline=column("airline"),
        departs=column("departs"),
        arrives=column("arrives"),
        km=column("km"),
        high=half("high"),
        low=half("low"),
    )


def on_sale(day: Day, rows: NDArray[np.int64] | slice, asked: Asked, seats: int | None) -> NDArray[np.bool_]:
    """Which of the rows have the cabin, are for sale and of the airlines asked for, with so many seats."""
    columns = day.cabins.get(asked.query.cabin)
    good = day.for_sale[rows].copy()
    if columns is None:
        good[:] = False
        return good
    # The seats of the dearest class are the most a cabin can sell, since limits are nested.
    good &= columns.classes[rows] != NO_CABIN if seats is None else columns.seats[rows, 0] >= seats
    if asked.airlines is not None:
        good &= np.isin(day.airline[rows], asked.airlines)
    return good


def in_window(local: NDArray[np.uint32], window: TimeWindow | None) -> NDArray[np.bool_] | bool:
    if window is None:
        return True
    of_day = (local % DAY_SECONDS).astype(np.int64) * 1_000_000
    earliest, latest = _micros(window.earliest), _micros(window.latest)
    if earliest <= latest:
        return (of_day >= earliest) & (of_day <= latest)
    return (of_day >= earliest) | (of_day <= latest)


def _micros(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond


class Onward:
    """Flights to change to, found by airport, airline and time."""

    def __init__(self, legs: Legs) -> None:
        self._base = int(legs.departs.min()) if len(legs) else 0
        keys = (legs.origin << 36) | (legs.airline << TIME_BITS) | (legs.departs - self._base)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    def after(self, before: Legs, shortest: timedelta, longest: timedelta) -> tuple[Places, Places]:
        """(places in `before`, places of a flight that one may change to there), by the first."""
        since = before.arrives - self._base
        earliest = since + int(shortest.total_seconds())
        latest = since + int(longest.total_seconds())
        prefix = (before.destination << 36) | (before.airline << TIME_BITS)
        low = np.searchsorted(self._keys, prefix | np.clip(earliest, 0, LATEST))
        high = np.searchsorted(self._keys, prefix | np.clip(latest, 0, LATEST), side="right")
        counts = np.where((latest >= 0) & (earliest <= LATEST), high - low, 0)
        firsts = np.repeat(np.arange(len(before)), counts)
        within = np.arange(len(firsts)) - np.repeat(np.cumsum(counts) - counts, counts)
        return firsts, self._order[np.repeat(low, counts) + within]


def first_of_each(groups: Places, order: Places, limit: int) -> Places:
    """The first `limit` of each group in `order`, which puts those of a group beside each other."""
    sorted_groups = groups[order]
    begins = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]][: len(order)])
    sizes = np.diff(np.r_[begins, len(order)])
    return order[np.arange(len(order)) - np.repeat(begins, sizes) < limit]


def most_frequent(airports: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    codes, counts = np.unique(airports, return_counts=True)
    return codes[np.lexsort((codes, -counts))[:limit]]


def days_around(day: date, before: int, after: int) -> Iterable[date]:
    return (day + timedelta(days=step) for step in range(-before, after + 1))
