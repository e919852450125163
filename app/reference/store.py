"""Reading the reference tables."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

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
_LIST_AIRCRAFT_SEATS = text("select code, seats from app.aircraft_types")


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


async def list_aircraft_seats(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_AIRCRAFT_SEATS)).all()
