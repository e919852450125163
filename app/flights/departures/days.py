"""The departures of one local day as columns, sorted so that what leaves or reaches an airport is a slice."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.flights.departures.layout import (
    CABINS,
    MOST_CLASSES,
    Rows,
    Words,
    codes_of,
    seconds_of,
    text_of,
)
from app.flights.schemas import Cabin, Departure

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LOCAL_EPOCH = EPOCH.replace(tzinfo=None)
NO_CABIN = np.uint16(0xFFFF)
# Any odd number with its bits well spread: the golden ratio's.
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(slots=True)
class CabinColumns:
    """One cabin of each flight of a day; `classes` is NO_CABIN where a flight has none."""

    classes: NDArray[np.uint16]
    seats: NDArray[np.int16]
    source_us: NDArray[np.int64]

    @property
    def bytes(self) -> int:
        return self.classes.nbytes + self.seats.nbytes + self.source_us.nbytes


class Day:
    """Columns by flight, sorted by origin, departure and id; times in seconds since EPOCH.

    Seats and sale change in place; anything else makes the day anew."""

    def __init__(self, day: date, rows: Rows, words: Words) -> None:
        self.day = day
        self.words = words
        high, low = _halves(rows)
        departs = seconds_of(rows["departs_at"])
        origin = codes_of(rows["origin"])
        order = np.lexsort((rows["cabin"], low, high, departs, origin))
        rows, high, low = rows[order], high[order], low[order]
        is_first = np.ones(len(rows), bool)
        is_first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
        first = rows[is_first]
        self.high, self.low = high[is_first], low[is_first]
        self.origin, self.departs = origin[order][is_first], departs[order][is_first]
        self.destination, self.airline = codes_of(first["destination"]), codes_of(first["airline"])
        self.arrives = seconds_of(first["arrives_at"])
        self.departs_local = seconds_of(first["departs_local"])
        self.arrives_local = seconds_of(first["arrives_local"])
        self.km = first["distance_km"].astype(np.int32)
        self.numbers = first["flight_number"].copy()
        self.departs_zone, self.arrives_zone = (
            words.numbers(first["departs_zone"]),
            words.numbers(first["arrives_zone"]),
        )
        self.aircraft = words.numbers(first["aircraft_type"])
        self.for_sale = first["for_sale"].copy()
        self.stamps = np.zeros(len(first), np.uint64)
        self.inward = np.lexsort((self.low, self.high, self.departs, self.destination)).astype(np.uint32)
        self._inward_airports = self.destination[self.inward]
        self.cabins: dict[Cabin, CabinColumns] = {}
        self._fill(rows, np.cumsum(is_first) - 1)

    def __len__(self) -> int:
        return len(self.origin)

    def leaving(self, airport: int) -> slice:
        """The rows of an airport's departures, by time."""
        return slice(*np.searchsorted(self.origin, np.array([airport, airport + 1], np.uint16)).tolist())

    def reaching(self, airport: int) -> NDArray[np.uint32]:
        """The rows of the flights to an airport, by the time they leave for it."""
        ends = np.searchsorted(self._inward_airports, np.array([airport, airport + 1], np.uint16))
        return self.inward[slice(*ends.tolist())]

    def apply(self, rows: Rows) -> bool:
        """Take in what changed of flights of this day; False where the day must be read anew."""
        high, low = _halves(rows)
        origin, departs = codes_of(rows["origin"]), seconds_of(rows["departs_at"])
        sought = zip(origin.tolist(), departs.tolist(), high.tolist(), low.tolist(), strict=True)
        places = [self._place(*each) for each in sought]
        if None in places:
            return False
        at = np.array(places, np.int64)
        is_same = (
            (self.arrives[at] == seconds_of(rows["arrives_at"]))
            & (self.destination[at] == codes_of(rows["destination"]))
            & (self.departs_local[at] == seconds_of(rows["departs_local"]))
            & (self.km[at] == rows["distance_km"])
            & (self.aircraft[at] == self.words.numbers(rows["aircraft_type"]))
        )
        if not is_same.all():
            return False
        self.for_sale[at] = rows["for_sale"]
        self._fill(rows, at)
        return True

    def departure(self, row: int, cabin: Cabin, read_at: datetime) -> Departure:
        columns, texts = self.cabins[cabin], self.words.texts
        classes = texts[columns.classes[row]].split(",")
        departs, arrives = int(self.departs_local[row]), int(self.arrives_local[row])
        return Departure(
            flight_id=UUID(int=int(self.high[row]) << 64 | int(self.low[row])),
            airline=text_of(int(self.airline[row])),
            flight_number=self.numbers[row].decode().rstrip(),
            origin=text_of(int(self.origin[row])),
            destination=text_of(int(self.destination[row])),
            departure_date=self.day,
            departs_local=LOCAL_EPOCH + timedelta(seconds=departs),
            departs_zone=texts[self.departs_zone[row]],
            arrives_local=LOCAL_EPOCH + timedelta(seconds=arrives),
            arrives_zone=texts[self.arrives_zone[row]],
            departs_at=EPOCH + timedelta(seconds=int(self.departs[row])),
            arrives_at=EPOCH + timedelta(seconds=int(self.arrives[row])),
            aircraft_type=texts[self.aircraft[row]],
            distance_km=int(self.km[row]),
            classes=classes,
            seats_open=columns.seats[row, : len(classes)].tolist(),
            source_ts=EPOCH + timedelta(microseconds=int(columns.source_us[row])),
            read_at=read_at,
        )

    @property
    def bytes(self) -> int:
        """What the columns take."""
        own = sum(column.nbytes for column in vars(self).values() if isinstance(column, np.ndarray))
        return own + sum(columns.bytes for columns in self.cabins.values())

    def _fill(self, rows: Rows, at: NDArray[np.int64]) -> None:
        for number, cabin in enumerate(CABINS, start=1):
            mine = rows["cabin"] == number
            if not mine.any():
                continue
            if cabin not in self.cabins:
                self.cabins[cabin] = _empty(len(self))
            columns, here = self.cabins[cabin], at[mine]
            columns.classes[here] = self.words.numbers(rows["classes"][mine])
            for place in range(MOST_CLASSES):
                columns.seats[here, place] = rows[f"seats_{place + 1}"][mine]
            columns.source_us[here] = rows["source_ts"][mine]
        self._stamp(np.unique(at))

    def _stamp(self, at: NDArray[np.int64]) -> None:
        """A number for each flight that is another whenever anything a search can see of it is."""
        seen: list[NDArray[Any]] = [
            self.high[at], self.low[at], self.departs[at], self.arrives[at], self.km[at],
            self.departs_local[at], self.arrives_local[at], self.for_sale[at],
            self.words.hashes(self.aircraft[at]),
        ]  # fmt: skip
        for cabin in CABINS:
            if cabin in self.cabins:
                columns = self.cabins[cabin]
                seen += [self.words.hashes(columns.classes[at]), columns.source_us[at]]
                seen += [columns.seats[at, place] for place in range(MOST_CLASSES)]
        stamps = np.zeros(len(at), np.uint64)
        for column in seen:
            stamps = (stamps ^ column.astype(np.int64).view(np.uint64)) * _MIX
            stamps ^= stamps >> np.uint64(29)
        self.stamps[at] = stamps

    def _place(self, origin: int, departs: int, high: int, low: int) -> int | None:
        leaving = self.leaving(origin)
        times = self.departs[leaving]
        begin, end = np.searchsorted(times, np.array([departs, departs + 1], np.uint32)).tolist()
        for row in range(leaving.start + begin, leaving.start + end):
            if self.low[row] == low and self.high[row] == high:
                return row
        return None


def _halves(rows: Rows) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The two halves of each id, so that numbers are in the order the database has ids in."""
    halves = np.ascontiguousarray(rows["id"]).view(">u8").reshape(-1, 2).astype(np.uint64)
    return halves[:, 0], halves[:, 1]


def _empty(flights: int) -> CabinColumns:
    return CabinColumns(
        np.full(flights, NO_CABIN, np.uint16),
        np.full((flights, MOST_CLASSES), -1, np.int16),
        np.zeros(flights, np.int64),
    )
