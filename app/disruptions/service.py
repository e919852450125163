"""The test clock: it plays the past forward, doing on the way what the timed chores would have done."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import service as bookings
from app.core import clock
from app.core.config import get_settings
from app.core.context import bind, current
from app.core.db import transaction
from app.disruptions import store
from app.disruptions.errors import ClockGoesBack, NotASandbox
from app.disruptions.schemas import Advance, Advanced, TestClockState
from app.flights import service as flights
from app.waitlist import offering_service as waitlist

# Each batch is a transaction of at most some hundred rows: this is more than the whole schedule has.
MAX_BATCHES = 10_000


async def advance(request: Advance) -> Advanced:
    """Move business time to `to`: apply the outcomes known by then, end the holds dead by then, and offer
    what that freed to the waitlist.

    Takes no session: a fortnight of departures is too much for one transaction, so each batch commits
    by itself; asked again for the same moment, it goes on. Raises NotASandbox, ClockGoesBack."""
    _refuse_production()
    async with transaction() as session:
        if not await store.move_forward(session, request.to):
            raise ClockGoesBack(pointer="/to")
    bind(replace(current(), virtual_now=request.to, is_simulated=True))
    outcomes = await _until_nothing_is_left(lambda session: flights.apply_outcomes(session, request.to))
    holds = await _until_nothing_is_left(lambda session: bookings.expire_dead_holds(session, request.to))
    await waitlist.serve()
    return Advanced(now=request.to, outcomes_applied=outcomes, holds_expired=holds)


async def get_clock(session: AsyncSession) -> TestClockState:
    """Business time as the sandbox has it now."""
    _refuse_production()
    found = await store.find_clock(session)
    if found is None:
        return TestClockState(now=await clock.now(session), paused=False)
    return TestClockState(now=found.now_at, paused=found.paused)


async def return_to_wall_clock(session: AsyncSession) -> None:
    """History has been played: the timed chores take over again."""
    _refuse_production()
    await store.delete_clock(session)


async def is_history_playing(session: AsyncSession) -> bool:
    """Whether the chores that act on business time have to wait: to the wall clock every hold is dead."""
    found = await store.find_clock(session)
    return found is not None and bool(found.paused)


async def _until_nothing_is_left(batch: Callable[[AsyncSession], Awaitable[int]]) -> int:
    done = 0
    for _ in range(MAX_BATCHES):
        async with transaction() as session:
            changed = await batch(session)
        if changed == 0:
            return done
        done += changed
    raise RuntimeError(f"still not done after {MAX_BATCHES} batches")


def _refuse_production() -> None:
    if not get_settings().is_sandbox:
        raise NotASandbox()
