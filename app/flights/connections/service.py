"""Finding the ways to fly a slice: direct flights, and connections with one or two changes."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.flights import rules as flight_rules
from app.flights import service as flights_service
from app.flights.connections import rules, store
from app.flights.connections.limits import FOUND_FOR_EACH_WANTED, MAX_CONNECTIONS, MAX_DIRECT
from app.flights.connections.schemas import ClassOfADay, MonthQuery, SliceQuery
from app.flights.departures import service as departures
from app.flights.schemas import Departure
from app.reference import service as reference

if TYPE_CHECKING:
    from app.flights.departures.days import Day


async def find_itineraries(
    session: AsyncSession, query: SliceQuery, now: datetime, max_stops: int | None
) -> list[list[Departure]]:
    """Ways to fly a slice that are for sale at `now`: direct ones by time, then the quickest connections.

    Without `max_stops` a change is looked for only where no flight goes direct, and two where none goes
    with one. One airline a way, no airport twice, and time enough for each change. From this process's own
    departures where it keeps them and knows them to be fresh, else from the database."""
    days = departures.kept_for(query.departure_date)
    if days is None:
        departures.ANSWERED.labels("database").inc()
        return await find_in_database(session, query, now, max_stops)
    departures.ANSWERED.labels("memory").inc()
    return await find_in_memory(session, days, query, now, max_stops)


def mark(query: SliceQuery, now: datetime, max_stops: int | None) -> bytes | None:
    """Another whenever `find_itineraries` might find anything else; None where that cannot be told."""
    days = departures.kept_for(query.departure_date)
    if days is None:
        return None
    from app.flights.departures import marks

    return marks.mark(days, query, now + flight_rules.SALE_CLOSES_BEFORE_DEPARTURE, max_stops)


async def find_in_memory(
    session: AsyncSession, days: "Mapping[date, Day]", query: SliceQuery, now: datetime, max_stops: int | None
) -> list[list[Departure]]:
    """`find_itineraries` among departures in memory."""
    # Not with the program: it brings numpy, which is there once something is kept in memory.
    from app.flights.departures import search

    airports = await reference.airports_at_hand(session)
    minimums = await flights_service.minimum_connections(session, list(airports))
    return search.find(
        days,
        query,
        now + flight_rules.SALE_CLOSES_BEFORE_DEPARTURE,
        max_stops,
        clock.database_now() or now,
        airports,
        minimums,
    )


async def find_in_database(
    session: AsyncSession, query: SliceQuery, now: datetime, max_stops: int | None
) -> list[list[Departure]]:
    """`find_itineraries` by statements: what the departures in memory are held against."""
    found: list[list[Departure]] = [[flight] for flight in await _direct(session, query, now)]
    for stops in range(1, (rules.MAX_STOPS if max_stops is None else max_stops) + 1):
        if max_stops is None and found:
            break
        found += await _connections(session, query, stops, now)
    return found


async def find_month(session: AsyncSession, query: MonthQuery, now: datetime) -> list[ClassOfADay]:
    """The classes that direct flights of a month have seats in, for sale at `now`."""
    closing = now + flight_rules.SALE_CLOSES_BEFORE_DEPARTURE
    return await store.find_month(session, query, flight_rules.STATUSES_FOR_SALE, closing)


async def _direct(session: AsyncSession, query: SliceQuery, now: datetime) -> list[Departure]:
    closing = now + flight_rules.SALE_CLOSES_BEFORE_DEPARTURE
    return await store.find_direct(session, query, flight_rules.STATUSES_FOR_SALE, closing, MAX_DIRECT)


async def _connections(
    session: AsyncSession, query: SliceQuery, stops: int, now: datetime
) -> list[list[Departure]]:
    ends = await reference.find_airports(session, [query.origin, query.destination])
    if len(ends) < 2:
        return []
    places = [(ends[code].latitude, ends[code].longitude) for code in (query.origin, query.destination)]
    ids = await store.find_connections(
        session,
        query,
        stops,
        flight_rules.STATUSES_FOR_SALE,
        now + flight_rules.SALE_CLOSES_BEFORE_DEPARTURE,
        rules.bounds_for(rules.great_circle_km(*places)),
        MAX_CONNECTIONS * FOUND_FOR_EACH_WANTED,
    )
    if not ids:
        return []
    wanted = sorted({flight_id for way in ids for flight_id in way})
    found = {flight.flight_id: flight for flight in await store.find_departures(session, wanted, query.cabin)}
    # A flight whose cabin has left the live table since the statement before takes its ways with it.
    ways = [[found[each] for each in way] for way in ids if all(each in found for each in way)]
    countries = await _countries(session, ways)
    hubs = sorted({leg.origin for way in ways for leg in way[1:]})
    minimum = await flights_service.minimum_connections(session, hubs)
    return [way for way in ways if rules.can_be_flown(way, countries, minimum)][:MAX_CONNECTIONS]


async def _countries(session: AsyncSession, ways: Sequence[Sequence[Departure]]) -> dict[str, str]:
    codes = {code for way in ways for leg in way for code in (leg.origin, leg.destination)}
    return {
        code: airport.country
        for code, airport in (await reference.find_airports(session, sorted(codes))).items()
    }
