"""What name corrections read and write: one statement each."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.bookings.names.models import NameCorrection


async def insert_correction(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(NameCorrection), [values])


async def letters_corrected(session: AsyncSession, passenger_id: UUID) -> int:
    """Over all corrections of a passenger."""
    total = func.coalesce(func.sum(col(NameCorrection.letters)), 0)
    statement = select(total).where(col(NameCorrection.passenger_id) == passenger_id)
    return int((await session.execute(statement)).scalar_one())
