"""Following a flight's availability as it changes: one listener a process wakes all who follow.

What is sent is a state, not a log: whoever was away or is slow gets the newest one, and misses none that
lasts.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from app.core.db import transaction
from app.core.listen import notifications
from app.flights import service
from app.flights.errors import StreamsExhausted, TooManyStreams
from app.flights.schemas import FlightAvailability

# Written by the availability flow: the ids of the flights that changed, with commas between.
CHANNEL = "availability"
HEARTBEAT = timedelta(seconds=15)
# Then the client comes back with its Last-Event-ID, perhaps to another process.
LONGEST_STREAM = timedelta(hours=1)
# Each costs a task and a buffer; the database is asked once a change, not once a stream.
MAX_STREAMS = 1_000
MAX_STREAMS_PER_CALLER = 20
RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Change:
    """What a flight's availability is now, and the id by which a client says that it has seen it."""

    version: int
    availability: FlightAvailability


class Feed:
    """Who follows which flight in this process. Lives on the event loop it was made on."""

    def __init__(self) -> None:
        self._followers: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._callers: Counter[str] = Counter()
        self._listener = asyncio.create_task(self._listen(), name="availability-feed")

    async def stop(self) -> None:
        self._listener.cancel()
        with suppress(asyncio.CancelledError):
            await self._listener

    def admit(self, caller: str) -> None:
        """Take a place, which `leave` gives back. Raises StreamsExhausted, TooManyStreams."""
        if self._callers.total() >= MAX_STREAMS:
            raise StreamsExhausted(retry_after_seconds=RETRY_AFTER_SECONDS)
        if self._callers[caller] >= MAX_STREAMS_PER_CALLER:
            raise TooManyStreams(
                f"at most {MAX_STREAMS_PER_CALLER} at a time", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        self._callers[caller] += 1

    def leave(self, caller: str) -> None:
        self._callers[caller] -= 1
        self._callers += Counter()

    async def follow(self, flight_id: UUID, seen: int | None) -> AsyncIterator[Change | None]:
        """The state now unless its version was `seen`, then each newer one; None after a quiet HEARTBEAT.

        Ends after LONGEST_STREAM."""
        ends_at = asyncio.get_running_loop().time() + LONGEST_STREAM.total_seconds()
        woken = asyncio.Event()
        woken.set()
        self._followers[flight_id].add(woken)
        try:
            while asyncio.get_running_loop().time() < ends_at:
                try:
                    async with asyncio.timeout(HEARTBEAT.total_seconds()):
                        await woken.wait()
                except TimeoutError:
                    yield None
                    continue
                woken.clear()
                async with transaction() as session:
                    availability, version = await service.get_availability_version(session, flight_id)
                if version != seen:
                    seen = version
                    yield Change(version, availability)
        finally:
            self._followers[flight_id].discard(woken)
            if not self._followers[flight_id]:
                del self._followers[flight_id]

    async def _listen(self) -> None:
        async for payload in notifications(CHANNEL):
            for flight_id in self._changed(payload):
                for woken in self._followers.get(flight_id, ()):
                    woken.set()

    def _changed(self, payload: str | None) -> list[UUID]:
        if payload is None:
            return list(self._followers)
        return [UUID(flight_id) for flight_id in payload.split(",")]


_running: Feed | None = None


async def start() -> None:
    """Begin to listen in this process."""
    global _running
    if _running is not None:
        raise RuntimeError("the availability feed is already running")
    _running = Feed()


async def stop() -> None:
    global _running
    if _running is not None:
        await _running.stop()
    _running = None


def feed() -> Feed:
    if _running is None:
        raise RuntimeError("the availability feed was not started with the program")
    return _running
