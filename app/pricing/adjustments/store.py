"""Reading and writing pricing rules: one statement each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.pricing.adjustments.models import PricingRuleRow

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_rule(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(PricingRuleRow).values(values))


async def find_rule(session: AsyncSession, rule_id: UUID) -> PricingRuleRow | None:
    statement = select(PricingRuleRow).where(col(PricingRuleRow.id) == rule_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_rule_for_update(session: AsyncSession, rule_id: UUID) -> PricingRuleRow | None:
    statement = select(PricingRuleRow).where(col(PricingRuleRow.id) == rule_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def update_rule(session: AsyncSession, rule_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(PricingRuleRow)
        .where(col(PricingRuleRow.id) == rule_id)
        .values(values | {"version": PricingRuleRow.version + 1, "updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def list_rules(
    session: AsyncSession, place: UUID | None, limit: int, *, is_backwards: bool
) -> Sequence[PricingRuleRow]:
    """The newest first, or from a place back to it in the order against that."""
    key = col(PricingRuleRow.id)
    statement = select(PricingRuleRow)
    if place is not None:
        statement = statement.where(key > place if is_backwards else key < place)
    order = key if is_backwards else key.desc()
    return (await session.scalars(statement.order_by(order).limit(limit), execution_options=_FRESH)).all()


async def list_every_rule(session: AsyncSession, limit: int) -> Sequence[PricingRuleRow]:
    """The newest of all there ever were, those that have ended too: a played history asks for them."""
    statement = select(PricingRuleRow).order_by(col(PricingRuleRow.id).desc()).limit(limit)
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def count_rules(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(PricingRuleRow)) or 0
