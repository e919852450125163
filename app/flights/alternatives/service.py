"""Finding other ways: direct flights first, then one change of flights with time enough for it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from app.flights import rules as flight_rules
from app.flights import service as flights
from app.flights.alternatives import rules, store
from app.flights.alternatives.schemas import Leg, Wanted
from app.flights.schemas import MinimumConnections, Traffic
from app.reference import service as reference
from app.reference.schemas import AirportView

# A hub has some hundred departures a day; two days of them on either side of a change.
MOST_LEGS = 400
MOST_VIA = 40


async def find_ways(session: AsyncSession, wanted: Wanted) -> list[tuple[Leg, ...]]:
    """Ways that fit, the earliest arrival first. Whether there are seats is inventory's to say."""
    span = store.span(
        wanted.leaves_after, wanted.leaves_before, flight_rules.STATUSES_FOR_SALE, sorted(wanted.without),
        MOST_LEGS,
    )  # fmt: skip
    direct = _legs(await store.list_direct(session, wanted.origin, wanted.destination, span))
    via = await reference.list_via(session, wanted.origin, wanted.destination, MOST_VIA)
    if not via:
        return rules.ways(direct, [], [], lambda one, other: timedelta(0))
    first = _legs(await store.list_leaving(session, wanted.origin, via, span))
    second = _legs(await store.list_arriving(session, wanted.destination, via, span))
    minimums = await flights.minimum_connections(session, via)
    airports = await reference.find_airports(session, sorted({*via, wanted.origin, wanted.destination}))

    def minimum(one: Leg, other: Leg) -> timedelta:
        return needed(one, other, minimums, airports)

    return rules.ways(direct, first, second, minimum)


async def can_change(session: AsyncSession, one: Leg, other: Leg) -> bool:
    """Whether who arrives with one flight can leave with the other."""
    codes = sorted({one.origin, one.destination, other.destination})
    airports = await reference.find_airports(session, codes)
    minimums = await flights.minimum_connections(session, [one.destination])
    return other.departs_at - one.arrives_at >= needed(one, other, minimums, airports)


def needed(
    one: Leg, other: Leg, minimums: dict[str, MinimumConnections], airports: dict[str, AirportView]
) -> timedelta:
    here = airports[one.destination].country
    arriving = Traffic.between(airports[one.origin].country, here)
    departing = Traffic.between(here, airports[other.destination].country)
    return minimums[one.destination].between(arriving, departing)


def _legs(rows: Sequence[Row[Any]]) -> list[Leg]:
    return [Leg(**row._mapping) for row in rows]
