"""Business time: the database's clock, or in the sandbox the test clock of the request."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current

# A clock of another machine's own drifts by less than a millisecond in as long.
AT_HAND_FOR_SECONDS = 10

_SET = text("select set_config('contrail.business_time', :now, true)")


async def now(session: AsyncSession) -> datetime:
    """The moment this transaction acts at: bound into every statement that compares business time."""
    virtual = current().virtual_now
    if virtual is not None:
        await _tell_database(session, virtual)
        return virtual
    moment = await session.scalar(text("select transaction_timestamp()"))
    if not isinstance(moment, datetime):
        raise TypeError("the database gave no time")
    return moment


async def _tell_database(session: AsyncSession, virtual: datetime) -> None:
    """Once a transaction: what the database dates by itself (app.row_history) is dated the same."""
    told = (session.get_transaction(), virtual)
    if session.info.get("business_time") != told:
        await session.execute(_SET, {"now": virtual.isoformat()})
        session.info["business_time"] = told


@dataclass(frozen=True, slots=True)
class _Told:
    moment: datetime
    at_seconds: float


_told: _Told | None = None


def note(moment: datetime) -> None:
    """The database's clock says so just now."""
    global _told
    _told = _Told(moment, time.monotonic())


def at_hand() -> datetime | None:
    """`now` without asking: the test clock, or the database's as it was last noted and has gone on since.

    None where it was noted too long ago. For a search, which promises a price and no seat."""
    virtual = current().virtual_now
    return database_now() if virtual is None else virtual


def database_now() -> datetime | None:
    """The database's clock as it was last noted and has gone on since, whatever the test clock says."""
    told = _told
    if told is None or (gone := time.monotonic() - told.at_seconds) > AT_HAND_FOR_SECONDS:
        return None
    return told.moment + timedelta(seconds=gone)
