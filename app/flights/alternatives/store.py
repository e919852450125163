"""Flights of a span of time that are still to leave: one statement each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

ONE_DAY = timedelta(days=1)

_LIST = """
    select
        id as flight_id, origin, destination,
        coalesce(estimated_departs_at, departs_at) as departs_at,
        coalesce(estimated_arrives_at, arrives_at) as arrives_at
    from app.flights
    where {where}
        and departure_date between :first_day and :last_day
        and departs_at > :after
        and departs_at < :before
        and status = any(:statuses)
        and id <> all(:without)
    order by departs_at, id
    limit :limit
"""
_LIST_DIRECT = text(_LIST.format(where="origin = :origin and destination = :destination"))
_LIST_LEAVING = text(_LIST.format(where="origin = :origin and destination = any(:others)"))
_LIST_ARRIVING = text(_LIST.format(where="origin = any(:others) and destination = :destination"))


async def list_direct(
    session: AsyncSession, origin: str, destination: str, span: dict[str, Any]
) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_DIRECT, {"origin": origin, "destination": destination} | span)).all()


async def list_leaving(
    session: AsyncSession, origin: str, to: Sequence[str], span: dict[str, Any]
) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_LEAVING, {"origin": origin, "others": list(to)} | span)).all()


async def list_arriving(
    session: AsyncSession, destination: str, come_from: Sequence[str], span: dict[str, Any]
) -> Sequence[Row[Any]]:
    parameters = {"destination": destination, "others": list(come_from)} | span
    return (await session.execute(_LIST_ARRIVING, parameters)).all()


def span(
    after: datetime, before: datetime, statuses: Sequence[str], without: Sequence[UUID], limit: int
) -> dict[str, Any]:
    """What the three statements above have in common."""
    return {
        "after": after,
        "before": before,
        # Local days, for the index: no zone is further than a day from UTC.
        "first_day": after.date() - ONE_DAY,
        "last_day": before.date() + ONE_DAY,
        "statuses": list(statuses),
        "without": list(without),
        "limit": limit,
    }
