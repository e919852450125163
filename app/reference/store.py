"""Reading the reference tables."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current
from app.core.ids import uuid7
from app.core.pages import Window
from app.reference.schemas import Nearness

_MATCHES = """
        and (
            cast(:query as text) is null
            or starts_with(code, upper(:query))
            or position(lower(:query) in lower(name)) > 0
            or position(lower(:query) in lower(city)) > 0
        )
"""
_LIST_AIRPORTS = text(f"""
    select code, name, city, country, latitude, longitude, zone
    from app.airports
    where code > :place {_MATCHES}
    order by code
    limit :limit
""")
_LIST_AIRPORTS_BACKWARDS = text(f"""
    select code, name, city, country, latitude, longitude, zone
    from app.airports
    where code < :place {_MATCHES}
    order by code desc
    limit :limit
""")
# Great circles on a sphere of 6371 km; the band of latitudes spares the far ones the sines.
_NEAR = f"""
    select code, name, city, country, latitude, longitude, zone, distance_km
    from (
        select
            airport.*,
            round(cast(2 * 6371 * asin(least(1, sqrt(
                power(sin(radians(latitude - :latitude) / 2), 2)
                + cos(radians(:latitude)) * cos(radians(latitude))
                * power(sin(radians(longitude - :longitude) / 2), 2)
            ))) as numeric), 3) as distance_km
        from app.airports as airport
        where latitude between :latitude - :radius_km / 111.0 and :latitude + :radius_km / 111.0
    ) as airport
    where distance_km <= :radius_km
        and (cast(:place_code as text) is null or (distance_km, code) {{beyond}} (:place_km, :place_code))
        {_MATCHES}
    order by distance_km {{order}}, code {{order}}
    limit :limit
"""
_LIST_NEAR = text(_NEAR.format(beyond=">", order="asc"))
_LIST_NEAR_BACKWARDS = text(_NEAR.format(beyond="<", order="desc"))
_FIND_AIRPORTS = text("""
    select code, name, city, country, latitude, longitude, zone
    from app.airports
    where code = any(:codes)
""")
_LIST_EVERY_AIRPORT = text("select code, name, city, country, latitude, longitude, zone from app.airports")
_LIST_AIRCRAFT_SEATS = text("select code, seats from app.aircraft_types")
_FIND_AIRLINES = text("select code from app.airlines where code = any(:codes)")
_LIST_AIRCRAFT_TYPES = text("""
    select code, manufacturer, model, seats, cabins
    from app.aircraft_types
    order by code
""")
_FIND_ROUTES = text("""
    select route.origin, route.destination, route.distance_km
    from unnest(cast(:origins as text[]), cast(:destinations as text[])) as asked (origin, destination)
    join app.routes as route on route.origin = asked.origin and route.destination = asked.destination
""")
_INSERT_ROUTES = text("""
    insert into app.routes (id, origin, destination, distance_km, simulated)
    select id, origin, destination, distance_km, :simulated
    from unnest(
        cast(:ids as uuid[]), cast(:origins as text[]), cast(:destinations as text[]),
        cast(:distances_km as integer[])
    ) as route (id, origin, destination, distance_km)
    on conflict (origin, destination) do nothing
""")
_LIST_VIA = text("""
    select first.destination
    from app.routes as first
    join app.routes as second on second.origin = first.destination
    where first.origin = :origin and second.destination = :destination
    order by first.distance_km + second.distance_km, first.destination
    limit :limit
""")


async def list_airports(session: AsyncSession, query: str | None, window: Window) -> Sequence[Row[Any]]:
    """Airports whose code begins with, or whose name or city holds, the query; by code."""
    parameters = {"query": query, "place": window.place or "", "limit": window.limit + 1}
    statement = _LIST_AIRPORTS_BACKWARDS if window.is_backwards else _LIST_AIRPORTS
    return (await session.execute(statement, parameters)).all()


async def list_airports_near(
    session: AsyncSession,
    near: Nearness,
    query: str | None,
    place: tuple[Decimal, str] | None,
    limit: int,
    *,
    is_backwards: bool,
) -> Sequence[Row[Any]]:
    """Airports within a circle, the nearest first, from a place (km, code) on."""
    parameters = {
        "latitude": near.latitude,
        "longitude": near.longitude,
        "radius_km": near.radius_km,
        "query": query,
        "place_km": None if place is None else place[0],
        "place_code": None if place is None else place[1],
        "limit": limit,
    }
    statement = _LIST_NEAR_BACKWARDS if is_backwards else _LIST_NEAR
    return (await session.execute(statement, parameters)).all()


async def find_airports(session: AsyncSession, codes: Sequence[str]) -> Sequence[Row[Any]]:
    return (await session.execute(_FIND_AIRPORTS, {"codes": list(codes)})).all()


async def list_every_airport(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_EVERY_AIRPORT)).all()


async def list_aircraft_seats(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_AIRCRAFT_SEATS)).all()


async def find_airlines(session: AsyncSession, codes: Sequence[str]) -> set[str]:
    return set((await session.scalars(_FIND_AIRLINES, {"codes": list(codes)})).all())


async def list_aircraft_types(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_AIRCRAFT_TYPES)).all()


async def find_routes(session: AsyncSession, pairs: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """(origin, destination, distance_km) of those pairs that are routes."""
    parameters = {"origins": [pair[0] for pair in pairs], "destinations": [pair[1] for pair in pairs]}
    return (await session.execute(_FIND_ROUTES, parameters)).all()


async def insert_routes(session: AsyncSession, distances_km: Mapping[tuple[str, str], int]) -> None:
    parameters = {
        "ids": [uuid7() for _ in distances_km],
        "origins": [origin for origin, _ in distances_km],
        "destinations": [destination for _, destination in distances_km],
        "distances_km": list(distances_km.values()),
        "simulated": current().is_simulated,
    }
    await session.execute(_INSERT_ROUTES, parameters)


async def list_via(session: AsyncSession, origin: str, destination: str, limit: int) -> list[str]:
    parameters = {"origin": origin, "destination": destination, "limit": limit}
    return list((await session.scalars(_LIST_VIA, parameters)).all())
