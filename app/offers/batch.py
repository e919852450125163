"""Writes offer requests many at a time: one statement and one commit for all that came meanwhile.

A search is answered once its batch has committed. Nothing waits for a batch to fill: while one is being
written the next gathers, so a lone search is written at once and a crowd shares its commits.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import DataError, IntegrityError

from app.core.db import transaction
from app.offers import store
from app.offers.errors import SearchBusy
from app.offers.schemas import OfferRequestRow

# Past 64 rows a statement, the commit is no longer what a row costs.
MAX_ROWS_PER_BATCH = 64
# A row of 50 departures holds 170 kB, and the database parses and compresses each: 64 of them in one
# statement came near its time limit on a busy machine.
FULL_BATCH_CHARACTERS = 1_000_000
# About a second of work; whoever comes later is told to come back rather than to wait.
MAX_WAITING = 1024
RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class _Waiting:
    document: str
    written: asyncio.Future[None]

    def succeed(self) -> None:
        if not self.written.done():
            self.written.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.written.done():
            self.written.set_exception(error)


class OfferBatch:
    """One queue and the task that empties it. Lives on the event loop it was made on."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(max_waiting)
        self._writer = asyncio.create_task(self._write_for_ever(), name="offer-batch")

    async def write(self, row: OfferRequestRow) -> None:
        """Return once the row is committed. Raises SearchBusy, or what the database had against it."""
        await self.write_document(row.model_dump_json())

    async def write_document(self, document: str) -> None:
        """`write` of a row that is a JSON object already."""
        waiting = _Waiting(document, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise SearchBusy(retry_after_seconds=RETRY_AFTER_SECONDS) from None
        await waiting.written

    async def stop(self) -> None:
        """Write what is waiting, then end."""
        await self._queue.join()
        self._writer.cancel()
        with suppress(asyncio.CancelledError):
            await self._writer

    async def _write_for_ever(self) -> None:
        while True:
            batch = [await self._queue.get()]
            size = len(batch[0].document)
            while (
                len(batch) < MAX_ROWS_PER_BATCH and size < FULL_BATCH_CHARACTERS and not self._queue.empty()
            ):
                batch.append(self._queue.get_nowait())
                size += len(batch[-1].document)
            await _write_batch(batch)
            for _ in batch:
                self._queue.task_done()


async def _write_batch(batch: list[_Waiting]) -> None:
    """Write all, or on a row the database refuses each alone, so that one cannot fail the others."""
    try:
        async with transaction() as session:
            await store.insert_offer_requests(session, [waiting.document for waiting in batch])
    except (DataError, IntegrityError) as error:
        if len(batch) == 1:
            batch[0].fail(error)
            return
        for waiting in batch:
            await _write_batch([waiting])
    except Exception as error:  # noqa: BLE001 - handed to every caller that waits, each of whom raises it
        for waiting in batch:
            waiting.fail(error)
    else:
        for waiting in batch:
            waiting.succeed()


_running: OfferBatch | None = None


async def start() -> None:
    """Begin to write in this process. Once, before the first search."""
    global _running
    if _running is not None:
        raise RuntimeError("the offer batch is already running")
    _running = OfferBatch()


async def stop() -> None:
    global _running
    if _running is not None:
        await _running.stop()
    _running = None


async def write_document(document: str) -> None:
    """See OfferBatch.write_document."""
    if _running is None:
        raise RuntimeError("the offer batch was not started with the program")
    await _running.write_document(document)
