"""Keeps search events in memory for a moment and writes them in batches, beside the searches themselves.

A search never waits for its event. What is told of people looking may be lost with a process that dies, or
where there is no more room; what is lost for want of room is counted."""

import asyncio
from collections import deque
from contextlib import suppress

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DataError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.db import transaction
from app.offers.search_events import store
from app.offers.search_events.schemas import SearchEvent

# Half a minute of a crowd. An event is some 700 bytes.
MAX_WAITING = 20_000
MAX_EVENTS_PER_BATCH = 500
# What a reader of the funnel does not notice, and a commit shared by hundreds.
GATHER_SECONDS = 0.5
RETRY_SECONDS = 2.0
# At the end of the program: longer than a statement may take.
LAST_WRITE_SECONDS = 6.0

WRITTEN = Counter("contrail_search_events_written", "Searches and looks written")
LOST = Counter("contrail_search_events_lost", "Searches and looks for which there was no room, or no time")

log = structlog.get_logger(__name__)


class EventBatch:
    """The events that wait and the task that writes them. Lives on the event loop it was made on."""

    def __init__(self, gather_seconds: float = GATHER_SECONDS, max_waiting: int = MAX_WAITING) -> None:
        self._gather_seconds = gather_seconds
        self._max_waiting = max_waiting
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._writer = asyncio.create_task(self._write_until_stopped(), name="search-events")

    def note(self, event: SearchEvent) -> None:
        """Keep an event to be written within moments. Waits for nothing and never fails."""
        if len(self._waiting) >= self._max_waiting:
            LOST.inc()
            return
        self._waiting.append(event.model_dump_json())
        self._wake.set()

    async def stop(self) -> None:
        """Write what is waiting, as far as there is time, then end."""
        self._stopping.set()
        self._wake.set()
        done, _ = await asyncio.wait([self._writer], timeout=LAST_WRITE_SECONDS)
        if not done:
            self._writer.cancel()
            with suppress(asyncio.CancelledError):
                await self._writer
        LOST.inc(len(self._waiting))

    async def _write_until_stopped(self) -> None:
        while True:
            await self._wake.wait()
            if not self._stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._gather_seconds)
            while self._waiting:
                if not await self._write_some() and self._stopping.is_set():
                    return
            self._wake.clear()
            if self._stopping.is_set():
                return

    async def _write_some(self) -> bool:
        """Whether a batch was dealt with; otherwise it waits on, and so does this."""
        batch = [self._waiting.popleft() for _ in range(min(MAX_EVENTS_PER_BATCH, len(self._waiting)))]
        try:
            await _write(batch)
        except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
            # Whether it was committed is not known; a row that was is left alone by the repeat.
            log.warning("search_events_wait", kind=type(error).__name__, events=len(batch))
            self._waiting.extendleft(reversed(batch))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)
            return False
        return True


async def _write(batch: list[str]) -> None:
    """Write all, or on a row the database refuses each alone, so that one cannot take the others with it."""
    try:
        async with transaction() as session:
            await store.insert_events(session, batch)
    except (DataError, IntegrityError) as error:
        if len(batch) == 1:
            LOST.inc()
            log.error("search_event_refused", kind=type(error).__name__)
            return
        for document in batch:
            await _write([document])
    else:
        WRITTEN.inc(len(batch))


_running: EventBatch | None = None


async def start() -> None:
    """Begin to write in this process. Once, before the first search."""
    global _running
    if _running is not None:
        raise RuntimeError("search events are already being written")
    _running = EventBatch()


async def stop() -> None:
    global _running
    if _running is not None:
        await _running.stop()
    _running = None


def note(event: SearchEvent) -> None:
    """See EventBatch.note."""
    if _running is None:
        raise RuntimeError("search events were not started with the program")
    _running.note(event)
