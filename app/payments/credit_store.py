"""What travel credit reads and writes: one statement each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.payments.models import TravelCreditRow

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_credit(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(TravelCreditRow).values(values))


async def find_credit(session: AsyncSession, credit_id: UUID) -> TravelCreditRow | None:
    statement = select(TravelCreditRow).where(col(TravelCreditRow.id) == credit_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_credits_of(session: AsyncSession, user_id: UUID, limit: int) -> Sequence[TravelCreditRow]:
    statement = (
        select(TravelCreditRow)
        .where(col(TravelCreditRow.user_id) == user_id)
        .order_by(col(TravelCreditRow.expires_at), col(TravelCreditRow.id))
        .limit(limit)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def take_from_credit(
    session: AsyncSession, credit_id: UUID, amount_minor: int, currency: str, now: datetime
) -> bool:
    """Spend part of a credit, if so much is left and it lives. False: nothing was changed."""
    statement = (
        update(TravelCreditRow)
        .where(
            col(TravelCreditRow.id) == credit_id,
            col(TravelCreditRow.left_minor) >= amount_minor,
            col(TravelCreditRow.currency) == currency,
            col(TravelCreditRow.expires_at) > now,
        )
        .values(left_minor=TravelCreditRow.left_minor - amount_minor, updated_at=func.now())
        .returning(col(TravelCreditRow.id))
    )
    taken = await session.execute(statement, execution_options=_UNSYNCED)
    return taken.scalar_one_or_none() is not None


async def return_to_credit(
    session: AsyncSession, credit_id: UUID, amount_minor: int, lives_until: datetime
) -> None:
    statement = (
        update(TravelCreditRow)
        .where(col(TravelCreditRow.id) == credit_id)
        .values(
            left_minor=TravelCreditRow.left_minor + amount_minor,
            expires_at=func.greatest(TravelCreditRow.expires_at, lives_until),
            updated_at=func.now(),
        )
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def expire_credits(
    session: AsyncSession, now: datetime, limit: int
) -> Sequence[tuple[TravelCreditRow, int]]:
    """Empty credits that are over at `now`, but for those somebody is spending; each with what it lost."""
    over = (
        select(col(TravelCreditRow.id), col(TravelCreditRow.left_minor).label("lost_minor"))
        .where(col(TravelCreditRow.left_minor) > 0, col(TravelCreditRow.expires_at) <= now)
        .order_by(col(TravelCreditRow.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("over")
        .prefix_with("materialized", dialect="postgresql")
    )
    statement = (
        update(TravelCreditRow)
        .where(col(TravelCreditRow.id) == over.c.id)
        .values(left_minor=0, updated_at=func.now())
        .returning(TravelCreditRow, over.c.lost_minor)
    )
    rows = await session.execute(statement, execution_options=_FRESH | _UNSYNCED)
    return [(row[0], int(row[1])) for row in rows]
