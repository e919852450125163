"""Books for all who came meanwhile in one transaction: what a commit costs is shared by up to 64 bookings.

Each is answered once its lot has committed. Nothing waits for a lot to fill: while one is being written the
next gathers, so a lone booking is written at once and a crowd shares its commits.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.bookings import creation_service
from app.bookings.creation_service import Asked, Outcome
from app.bookings.errors import BookingBusy
from app.bookings.schemas import Answer, Booking, BookingRequest
from app.core.context import current
from app.core.db import transaction
from app.core.idempotency import Idempotency
from app.core.security import Caller
from app.inventory.errors import SoldOut

# Past 64 bookings a transaction, the commit is no longer what one costs.
MAX_LOT = 64
# One writes while the other waits for its commit; README says what others cost.
WRITERS = 2
# About a second of work; whoever comes later is told to come back rather than to wait.
MAX_WAITING = 1024
RETRY_AFTER_SECONDS = 1
# How often a lot is decided anew when its seats went to others meanwhile, before each asks alone.
TRIES = 3
# The database is away, and perhaps has committed all the same: only a repeat of each key can tell.
UNKNOWN = (OperationalError, InterfaceError, PoolTimeout)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    asked: Asked
    outcome: "asyncio.Future[Answer[Booking]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def tell(self, outcome: Outcome | Exception) -> None:
        # Whoever hung up has no more interest, but is booked like everybody.
        if self.outcome.done():
            return
        if isinstance(outcome, Exception):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


class BookingBatch:
    """One queue and the tasks that empty it. Lives on the event loop it was made on."""

    def __init__(self, max_waiting: int = MAX_WAITING, writers: int = WRITERS) -> None:
        self._max_waiting = max_waiting
        self._queue: deque[_Waiting] = deque()
        # Keys that are being carried out here: a twin waits for them, and then is a repeat.
        self._busy: set[str] = set()
        self._changed = asyncio.Event()
        self._is_stopping = False
        self._writers = [
            asyncio.create_task(self._write_until_stopped(), name=f"booking-batch-{number}")
            for number in range(writers)
        ]

    async def book(self, asked: Asked) -> Answer[Booking]:
        """Return once it is committed. Raises BookingBusy, and why it was not booked."""
        if len(self._queue) >= self._max_waiting:
            raise BookingBusy(retry_after_seconds=RETRY_AFTER_SECONDS)
        waiting = _Waiting(asked)
        self._queue.append(waiting)
        self._changed.set()
        return await waiting.outcome

    async def stop(self) -> None:
        """Book for all who wait, then end."""
        self._is_stopping = True
        self._changed.set()
        await asyncio.gather(*self._writers)

    async def _write_until_stopped(self) -> None:
        while self._queue or not self._is_stopping:
            lot = self._next_lot()
            if lot:
                await _book(lot)
                self._busy -= {waiting.asked.key.scope for waiting in lot}
                self._changed.set()
            else:
                self._changed.clear()
                await self._changed.wait()

    def _next_lot(self) -> list[_Waiting]:
        """Those who waited longest, all at one moment and no key twice; the others keep their places."""
        lot: list[_Waiting] = []
        left: list[_Waiting] = []
        while self._queue and len(lot) < MAX_LOT:
            waiting = self._queue.popleft()
            scope = waiting.asked.key.scope
            if scope in self._busy or (lot and _moment(waiting) != _moment(lot[0])):
                left.append(waiting)
            else:
                self._busy.add(scope)
                lot.append(waiting)
        self._queue.extendleft(reversed(left))
        return lot


def _moment(waiting: _Waiting) -> object:
    """The moment by a test clock; None is the database's now."""
    return waiting.asked.context.virtual_now


async def _book(lot: list[_Waiting], tries: int = TRIES) -> None:
    """Book for all; or where one cannot be, for each alone, so that it cannot fail the others."""
    try:
        async with transaction() as session:
            outcomes = await creation_service.book_all(session, [waiting.asked for waiting in lot])
    except UNKNOWN as error:
        for waiting in lot:
            waiting.tell(error)
    except Exception as error:  # noqa: BLE001 - whoever is to blame is told so, alone
        if len(lot) == 1:
            lot[0].tell(error)
        elif isinstance(error, SoldOut) and tries > 1:
            await _book(lot, tries - 1)
        else:
            for waiting in lot:
                await _book([waiting])
    else:
        for waiting, outcome in zip(lot, outcomes, strict=True):
            waiting.tell(outcome)


_running: BookingBatch | None = None


async def start() -> None:
    """Begin to book in this process. Once, before the first booking."""
    global _running
    if _running is not None:
        raise RuntimeError("the booking batch is already running")
    _running = BookingBatch()


async def stop() -> None:
    global _running
    if _running is not None:
        await _running.stop()
    _running = None


async def book(key: Idempotency, caller: Caller, request: BookingRequest) -> Answer[Booking]:
    """See BookingBatch.book."""
    if _running is None:
        raise RuntimeError("the booking batch was not started with the program")
    return await _running.book(Asked(key, caller, request, current()))
