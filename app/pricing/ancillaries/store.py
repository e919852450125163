"""Reading the catalogue of ancillaries."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

_LIST = text("""
    select
        id, code, kind, zone, description, amount_minor, minor_per_1000_km, currency, passenger_types, most,
        min_distance_km, valid_from, valid_to
    from app.ancillaries
    order by kind, code, valid_from
""")


async def list_ancillaries(session: AsyncSession) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST)).all()
