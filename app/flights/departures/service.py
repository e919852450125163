"""Keeping this process's departures fresh: read at the start, then told of every change by the database.

Nothing waits for the first reading: until it is done, and whenever what is kept may be stale, the database
is searched instead. Imported late here is what brings numpy."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import structlog
from prometheus_client import Counter, Gauge

from app.core import clock
from app.core.config import get_settings
from app.core.listen import Alive, watch
from app.flights.departures.errors import NotIndexable

if TYPE_CHECKING:
    from app.flights.departures.days import Day
    from app.flights.departures.memory import Departures
    from app.flights.departures.reader import Reader

# Ids of flights from the availability flow; ids and days from the table of flights itself.
CHANNELS = ("availability", "departures")
SIGN_OF_LIFE_SECONDS = 1.0
# What was told longer ago than this and is not yet taken in, or a listener that has been silent as long,
# leaves the search to the database: no answer from memory is behind by more.
MOST_BEHIND_SECONDS = 2.5
RETRY_SECONDS = 2.0
# Flights are not sold once they have left; the day of a search may be two behind ours at the date line.
DAYS_BACK = timedelta(days=2)
FIRST_DAY = date(2000, 1, 1)

ANSWERED = Counter("contrail_searches_answered", "Slices searched", ["by"])
KEPT = Gauge("contrail_departures_kept", "Departures this process keeps in memory")
KEPT_BYTES = Gauge("contrail_departures_kept_bytes", "What their columns take")
READ_SECONDS = Gauge("contrail_departures_read_seconds", "How long reading all of them took")
BEHIND_SECONDS = Gauge(
    "contrail_departures_behind_seconds", "From being told of a change to having taken it in, the last time"
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Told:
    """What the database has told of and nobody has looked at yet."""

    flights: set[UUID] = field(default_factory=set)
    days: set[date] = field(default_factory=set)
    since_seconds: float | None = None

    def add(self, payload: str) -> None:
        """Ids of flights and ISO days, with commas between."""
        for each in payload.split(","):
            if len(each) == len("2000-01-01"):
                self.days.add(date.fromisoformat(each))
            else:
                self.flights.add(UUID(each))
        self.since_seconds = self.since_seconds or time.monotonic()


class Keeper:
    """The departures of one process and the two tasks that keep them. Lives on the loop it was made on."""

    def __init__(self) -> None:
        self.departures: Departures | None = None
        self._reader: Reader | None = None
        self._told = _Told()
        self._taking: _Told | None = None
        self._wake = asyncio.Event()
        self._everything = False
        self._heard_at = float("-inf")
        self._losses = 0

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Listen and read while this is open."""
        tasks = [
            asyncio.create_task(self._listen(), name="departures_listener"),
            asyncio.create_task(self._take_for_ever(), name="departures_reader"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.departures = None
            if self._reader is not None:
                self._reader.close()

    def days_for(self, day: date) -> "Mapping[date, Day] | None":
        """What is kept, where it reaches back to `day` and is known to be fresh."""
        kept = self.departures
        if kept is None or day - timedelta(days=1) < kept.since:
            return None
        now = time.monotonic()
        waiting = (told.since_seconds for told in (self._told, self._taking) if told is not None)
        oldest = min((each for each in waiting if each is not None), default=now)
        if now - oldest > MOST_BEHIND_SECONDS or now - self._heard_at > MOST_BEHIND_SECONDS:
            return None
        return kept.days

    def _lost(self) -> None:
        """Something may be missed from now on: everything is read again."""
        self.departures = None
        self._losses += 1

    async def _listen(self) -> None:
        async for heard in watch(CHANNELS, SIGN_OF_LIFE_SECONDS, self._lost):
            if heard is None:
                self._everything = True
                self._wake.set()
            elif isinstance(heard, Alive):
                clock.note(heard.database_now)
            else:
                self._told.add(heard.payload)
                self._wake.set()
            self._heard_at = time.monotonic()

    async def _take_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._taking, self._told = self._told, _Told()
            try:
                await self._take(self._taking)
            except psycopg.Error as error:
                log.warning("departures_not_read", kind=type(error).__name__)
                self._lost()
                self._everything = True
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()
            except NotIndexable as error:
                # Of no use until that departure is gone: the database goes on answering.
                log.error("departures_not_kept", reason=str(error))
                self._lost()
            finally:
                self._taking = None

    async def _take(self, told: _Told) -> None:
        if self._reader is None:
            self._reader = await asyncio.to_thread(_make_reader)
        if self._everything:
            await self._take_everything(self._reader)
        elif self.departures is not None:
            await self._take_changes(self._reader, self.departures, told)

    async def _take_everything(self, reader: "Reader") -> None:
        self._everything, losses, began = False, self._losses, time.monotonic()
        departures = await asyncio.to_thread(reader.everything, _first_day())
        # What was read before the connection was lost may lack what was told meanwhile.
        if losses == self._losses:
            self.departures = departures
            self._measure(departures)
            READ_SECONDS.set(time.monotonic() - began)
            log.info("departures_read", flights=len(departures), seconds=round(time.monotonic() - began, 1))

    async def _take_changes(self, reader: "Reader", departures: "Departures", told: _Told) -> None:
        anew = {day for day in told.days if day >= departures.since}
        for rows in await asyncio.to_thread(reader.flights, departures, told.flights):
            # On the loop's own thread, between two searches.
            anew |= departures.apply(rows)
        if anew:
            departures.days.update(await asyncio.to_thread(reader.days, departures, anew))
            self._measure(departures)
        if told.since_seconds is not None:
            BEHIND_SECONDS.set(time.monotonic() - told.since_seconds)

    def _measure(self, departures: "Departures") -> None:
        KEPT.set(len(departures))
        KEPT_BYTES.set(departures.bytes)


def _make_reader() -> "Reader":
    from app.flights.departures.reader import Reader

    return Reader()


def _first_day() -> date:
    """In the sandbox a search may be made at any time, by the test clock."""
    if get_settings().is_sandbox:
        return FIRST_DAY
    return datetime.now(UTC).date() - DAYS_BACK


process: Keeper | None = None


@contextlib.asynccontextmanager
async def kept_in_memory() -> AsyncIterator[None]:
    """Keep departures in this process while this is open, unless the settings say otherwise."""
    global process
    if not get_settings().departures_in_memory:
        yield
        return
    process = Keeper()
    try:
        async with process.kept():
            yield
    finally:
        process = None


def kept_for(day: date) -> "Mapping[date, Day] | None":
    """The departures around a day, None where the database has to be asked."""
    return None if process is None else process.days_for(day)
