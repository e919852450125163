"""Opening cabins and looking into many of them: one statement each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession

from app.inventory.models import CabinInventory

_LIST_SEATS_OPEN = text("""
    select flight_id, classes, app.seats_open(limits, held, sold) as seats_open
    from app.cabin_inventories
    where flight_id = any(:flight_ids) and cabin = :cabin
""")


async def insert_cabins(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    statement = insert_or_skip(CabinInventory).values(list(rows)).on_conflict_do_nothing()
    await session.execute(statement)


async def list_seats_open(
    session: AsyncSession, flight_ids: Sequence[UUID], cabin: str
) -> Sequence[Row[Any]]:
    return (await session.execute(_LIST_SEATS_OPEN, {"flight_ids": list(flight_ids), "cabin": cabin})).all()
