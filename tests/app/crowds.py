"""Many callers at once: each repeats while the program is too busy to answer, as its clients are told to."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TypeVar

import httpx2
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.inventory import store
from app.inventory.schemas import NewHold
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


async def hold_uncounted(session: AsyncSession, holds: Sequence[NewHold], now: datetime) -> store.Verdict:
    """How seats are held without the guard: whoever has looked and found one inserts a hold, and the
    counters are for others to move. What it writes is for `forget_holds`."""
    statement = text(
        "insert into app.seat_holds (id, booking_id, flight_id, cabin, fare_class, seats, created_at, "
        "expires_at) values (:id, :booking_id, :flight_id, :cabin, :fare_class, :seats, :now, :expires_at)"
    )
    rows = [
        asdict(request)
        | {"id": uuid7(), "booking_id": hold.booking_id, "expires_at": hold.expires_at, "now": now}
        for hold in holds
        for request in hold.requests
    ]
    await session.execute(statement, rows)
    return store.Verdict(True, [])


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
