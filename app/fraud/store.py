"""Fraud's one statement: it reads what the streams have written."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

# A score spans the lives of all its signals, so each one's own is asked too. Score and signals are
# written together; should a signal be gone, what its score says of it counts.
_LIVE_SIGNALS = text("""
    select distinct on (reason.signal_id)
        reason.signal_id,
        coalesce(signals.rule_id, reason.rule_id) as rule_id,
        coalesce(signals.rule_group, reason."group") as rule_group,
        coalesce(signals.weight, reason.weight) as weight,
        coalesce(signals.mode, 'review') as mode,
        coalesce(signals.reason, reason.reason) as reason,
        scores.entity_kind
    from unnest(cast(:kinds as text[]), cast(:keys as text[])) as entity (kind, key)
    join live.fraud_scores as scores
        on scores.entity_kind = entity.kind
        and scores.entity_key = entity.key
        and scores.valid_from <= :now
        and scores.valid_until > :now
    cross join lateral jsonb_to_recordset(scores.reasons)
        as reason (
            signal_id text, rule_id text, "group" text, weight integer, reason text,
            valid_from timestamptz, valid_until timestamptz
        )
    left join live.fraud_signals as signals on signals.signal_id = reason.signal_id
    where reason.valid_from <= :now and reason.valid_until > :now
    order by reason.signal_id
""")


async def find_live_signals(
    session: AsyncSession, keys: list[tuple[str, str]], now: datetime
) -> Sequence[Row[Any]]:
    """(signal_id, rule_id, rule_group, weight, mode, reason, entity_kind) of what holds at `now`."""
    parameters = {"kinds": [kind for kind, _ in keys], "keys": [key for _, key in keys], "now": now}
    return (await session.execute(_LIVE_SIGNALS, parameters)).all()
