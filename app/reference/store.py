"""Reading the reference tables."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.pages import Window

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


async def find_airports(session: AsyncSession, codes: Sequence[str]) -> Sequence[Row[Any]]:
    return (await session.execute(_FIND_AIRPORTS, {"codes": list(codes)})).all()


async def list_aircraft_seats(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_AIRCRAFT_SEATS)).all()
