"""Many callers at once: each repeats while the program is too busy to answer, as its clients are told to."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import httpx2

from tests.app.conftest import Owner
from tests.app.departures import Departure

BUSY = 503
# Each try may wait for the pool's whole patience: far more than a crowd of hundreds needs.
TRIES = 20
FEW = 8

Result = TypeVar("Result")


async def answered(ask: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
    """The first answer that is not a plea to come again."""
    for _ in range(TRIES):
        answer = await ask()
        if answer.status_code != BUSY:
            return answer
    raise AssertionError(f"still busy after {TRIES} tries")


def forget_holds(owner: Owner, departure: Departure) -> None:
    """After a control that wrote holds past the counters: whoever swept them up would count below nothing."""
    owner.execute("delete from app.seat_holds where flight_id = %s", (departure.flight_id,))


async def a_few_at_a_time(work: Sequence[Callable[[], Awaitable[Result]]]) -> list[Result]:
    """For what only prepares a crowd."""
    gate = asyncio.Semaphore(FEW)

    async def one(each: Callable[[], Awaitable[Result]]) -> Result:
        async with gate:
            return await each()

    return await asyncio.gather(*(one(each) for each in work))
