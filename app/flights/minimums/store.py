"""One airport's connection times: one statement each."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.flights.models import MinimumConnection

_FRESH = {"populate_existing": True}


async def find(session: AsyncSession, airport: str) -> MinimumConnection | None:
    statement = select(MinimumConnection).where(col(MinimumConnection.airport) == airport)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def put(session: AsyncSession, airport: str, version: int, values: dict[str, int | None]) -> bool:
    """State them unless somebody has since `version`. Whether they were."""
    new: dict[str, Any] = values | {"airport": airport, "version": version + 1}
    statement = (
        insert(MinimumConnection)
        .values(new)
        .on_conflict_do_update(
            index_elements=["airport"],
            set_=values | {"version": version + 1, "updated_at": func.now()},
            where=col(MinimumConnection.version) == version,
        )
        .returning(col(MinimumConnection.airport))
    )
    return (await session.execute(statement)).scalar_one_or_none() is not None
