"""Reading the reference tables."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_LIST_AIRPORTS = text("""
    select code, name, city, country, latitude, longitude, zone
    from app.airports
    where code > :after
        and (
            cast(:query as text) is null
            or starts_with(code, upper(:query))
            or position(lower(:query) in lower(name)) > 0
            or position(lower(:query) in lower(city)) > 0
        )
    order by code
    limit :limit
""")
_FIND_AIRPORTS = text("""
    select code, name, city, country, latitude, longitude, zone
    from app.airports
    where code = any(:codes)
""")


async def list_airports(
    session: AsyncSession, query: str | None, after: str, limit: int
) -> Sequence[Row[Any]]:
    """Airports whose code begins with, or whose name or city holds, the query; by code."""
    parameters = {"query": query, "after": after, "limit": limit}
    return (await session.execute(_LIST_AIRPORTS, parameters)).all()


async def find_airports(session: AsyncSession, codes: Sequence[str]) -> Sequence[Row[Any]]:
    return (await session.execute(_FIND_AIRPORTS, {"codes": list(codes)})).all()
