"""The decision at payment, out of what the streams know by then."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.entities import Entities, entities
from app.fraud import rules, store
from app.fraud.schemas import Decision, FraudDecision, Mode, Signal

__all__ = ["Decision", "Entities", "FraudDecision", "decide", "entities"]


async def decide(session: AsyncSession, who: Entities, now: datetime) -> Decision:
    """Allow, review, step up or block: one query over the live scores of everyone and everything involved."""
    rows = await store.find_live_signals(session, who.keys(), now)
    return rules.decide(
        Signal(
            signal_id=row.signal_id,
            rule_id=row.rule_id,
            rule_group=row.rule_group,
            weight=row.weight,
            mode=Mode(row.mode),
            reason=row.reason,
            entity_kind=row.entity_kind,
        )
        for row in rows
    )
