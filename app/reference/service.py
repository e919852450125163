"""Looking up airports, airlines, aircraft types and how far apart two airports are."""

import time
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from geographiclib.geodesic import Geodesic
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pages import Page, Window, page_of, unknown_place
from app.reference import store
from app.reference.schemas import AircraftTypeView, AirportView, Nearness

# Aircraft types change a few times a year.
AIRCRAFT_CACHE_SECONDS = 60

# Airports open and move hardly ever; a new one is found by the database meanwhile.
AIRPORTS_CACHE_SECONDS = 60

_airports: dict[str, AirportView] = {}
_airports_read_at = float("-inf")
_seats: dict[str, int] = {}
_seats_read_at = float("-inf")


async def list_airports(session: AsyncSession, query: str | None, window: Window) -> Page[AirportView]:
    """A page of airports by code, all or those a traveller may mean by `query`."""
    rows = await store.list_airports(session, query, window)
    airports = [AirportView(**row._mapping) for row in rows]
    return page_of(airports, window, [airport.code for airport in airports])


async def list_airports_near(
    session: AsyncSession, near: Nearness, query: str | None, window: Window
) -> Page[AirportView]:
    """A page of the airports within a circle, the nearest first. Raises CursorInvalid."""
    rows = await store.list_airports_near(
        session, near, query, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    airports = [AirportView(**row._mapping) for row in rows]
    return page_of(airports, window, [f"{row.distance_km}:{row.code}" for row in rows])


def _place(window: Window) -> tuple[Decimal, str] | None:
    if window.place is None:
        return None
    distance_km, _, code = window.place.partition(":")
    try:
        return Decimal(distance_km), code
    except InvalidOperation:
        raise unknown_place("before" if window.is_backwards else "after") from None


async def find_airports(session: AsyncSession, codes: Sequence[str]) -> dict[str, AirportView]:
    """Those of the codes that are airports of ours."""
    return {row.code: AirportView(**row._mapping) for row in await store.find_airports(session, codes)}


async def airports_at_hand(session: AsyncSession) -> Mapping[str, AirportView]:
    """Every airport of ours by its code, kept in the process for a minute."""
    global _airports, _airports_read_at
    asked_at = time.monotonic()
    if asked_at - _airports_read_at >= AIRPORTS_CACHE_SECONDS:
        _airports = {row.code: AirportView(**row._mapping) for row in await store.list_every_airport(session)}
        _airports_read_at = asked_at
    return _airports


async def list_aircraft_seats(session: AsyncSession) -> dict[str, int]:
    """How many seats each type of aircraft has, kept in the process for a minute."""
    global _seats, _seats_read_at
    asked_at = time.monotonic()
    if asked_at - _seats_read_at >= AIRCRAFT_CACHE_SECONDS:
        _seats = {row.code: row.seats for row in await store.list_aircraft_seats(session)}
        _seats_read_at = asked_at
    return _seats


async def find_airlines(session: AsyncSession, codes: Collection[str]) -> set[str]:
    """Those of the codes that are airlines of ours."""
    return await store.find_airlines(session, list(codes))


async def list_aircraft_types(session: AsyncSession) -> dict[str, AircraftTypeView]:
    """Every aircraft type by its code."""
    return {
        row.code: AircraftTypeView(
            code=row.code,
            manufacturer=row.manufacturer,
            model=row.model,
            seats=row.seats,
            cabins={each["cabin"]: each["seats"] for each in row.cabins},
        )
        for row in await store.list_aircraft_types(session)
    }


async def ensure_routes(
    session: AsyncSession, pairs: Collection[tuple[str, str]], airports: dict[str, AirportView]
) -> dict[tuple[str, str], int]:
    """How far apart the airports of each pair are, in km; a pair nobody has flown yet becomes a route."""
    known = {
        (row.origin, row.destination): int(row.distance_km)
        for row in await store.find_routes(session, sorted(pairs))
    }
    new = {pair: distance_km(airports[pair[0]], airports[pair[1]]) for pair in pairs if pair not in known}
    if new:
        await store.insert_routes(session, new)
    return known | new


def distance_km(one: AirportView, other: AirportView) -> int:
    """The great-circle distance on the WGS-84 ellipsoid, as short as 1 km."""
    a, b = sorted((one, other), key=lambda airport: airport.code)
    inverse = Geodesic.WGS84.Inverse(a.latitude, a.longitude, b.latitude, b.longitude, Geodesic.DISTANCE)
    return max(1, round(float(inverse["s12"]) / 1000))


async def list_via(session: AsyncSession, origin: str, destination: str, limit: int) -> list[str]:
    """Airports that routes of ours lead to from one and from to the other, the least detour first."""
    return await store.list_via(session, origin, destination, limit)
