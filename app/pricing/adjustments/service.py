"""Writing pricing rules, each change in the audit log; and reading those that hold, kept for a minute."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.core import clock
from app.core.etags import Expected
from app.core.ids import encode, uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.pricing.adjustments import rules, store
from app.pricing.adjustments.errors import PricingRuleEnded, PricingRuleNotFound, TooManyPricingRules
from app.pricing.adjustments.models import PricingRuleRow
from app.pricing.adjustments.schemas import (
    PricingRule,
    PricingRuleConditions,
    PricingRuleRequest,
    SegmentFacts,
)
from app.pricing.schemas import Adjustment, FareProduct

CACHE_SECONDS = 60
# Every one is held against every segment of a search.
MAX_RULES = 500

_kept: list[PricingRule] = []
_read_at = float("-inf")


async def create_rule(session: AsyncSession, caller: Caller, request: PricingRuleRequest) -> PricingRule:
    """Raises TooManyPricingRules."""
    if await store.count_rules(session) >= MAX_RULES:
        raise TooManyPricingRules()
    now = await clock.now(session)
    values = _values(request) | {"id": uuid7(), "created_at": now, "updated_at": now}
    await store.insert_rule(session, values)
    made = await get_rule(session, values["id"])
    await _record(session, "created", caller, made.id, None, made)
    return made


async def get_rule(session: AsyncSession, rule_id: UUID) -> PricingRule:
    """Raises PricingRuleNotFound."""
    return _shown(_found(await store.find_rule(session, rule_id)))


async def list_rules(session: AsyncSession, window: Window) -> Page[PricingRule]:
    """One page, the newest first. Raises CursorInvalid."""
    rows = await store.list_rules(session, _place(window), window.limit + 1, is_backwards=window.is_backwards)
    return page_of([_shown(row) for row in rows], window, [row.id.hex for row in rows])


async def replace_rule(
    session: AsyncSession, caller: Caller, rule_id: UUID, expected: Expected, request: PricingRuleRequest
) -> PricingRule:
    """Locks the rule. Raises PricingRuleNotFound, PreconditionFailed, PricingRuleEnded."""
    return await _change(session, caller, rule_id, expected, "replaced", _values(request))


async def end_rule(session: AsyncSession, caller: Caller, rule_id: UUID, expected: Expected) -> PricingRule:
    """Let a rule hold no longer; one that has not begun never does. Locks the rule.

    Raises PricingRuleNotFound, PreconditionFailed, PricingRuleEnded."""
    now = await clock.now(session)
    return await _change(session, caller, rule_id, expected, "ended", {"valid_to": now})


async def list_holding(session: AsyncSession, now: datetime) -> list[PricingRule]:
    """The rules that hold at a moment; a change is seen within CACHE_SECONDS."""
    global _kept, _read_at
    asked_at = time.monotonic()
    if asked_at - _read_at >= CACHE_SECONDS:
        _kept = [_shown(row) for row in await store.list_every_rule(session, MAX_RULES)]
        _read_at = asked_at
    return rules.holding_at(_kept, now)


def adjustments_for(
    holding: Iterable[PricingRule], facts: SegmentFacts, product: FareProduct
) -> tuple[Adjustment, ...]:
    """What the rules change of a segment sold under a product."""
    return rules.adjustments_for(holding, facts, product)


def forget() -> None:
    """Read the rules again when they are next asked for."""
    global _read_at
    _read_at = float("-inf")


async def _change(
    session: AsyncSession,
    caller: Caller,
    rule_id: UUID,
    expected: Expected,
    what: str,
    values: dict[str, Any],
) -> PricingRule:
    before = _shown(_found(await store.find_rule_for_update(session, rule_id)))
    expected.ensure(before.version)
    if before.valid_to is not None and before.valid_to <= await clock.now(session):
        raise PricingRuleEnded(f"it held until {before.valid_to.isoformat()}")
    if values.get("valid_to") is not None:
        # Of a rule that never began nothing is left but its row.
        values["valid_to"] = max(values["valid_to"], values.get("valid_from", before.valid_from))
    await store.update_rule(session, rule_id, values)
    after = await get_rule(session, rule_id)
    await _record(session, what, caller, rule_id, before, after)
    return after


async def _record(
    session: AsyncSession,
    what: str,
    caller: Caller,
    rule_id: UUID,
    before: PricingRule | None,
    after: PricingRule,
) -> None:
    await audit.record(
        session,
        f"pricing_rule.{what}",
        "pricing_rule",
        encode("prl", rule_id),
        actor=caller,
        before=None if before is None else before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
    )


def _values(request: PricingRuleRequest) -> dict[str, Any]:
    own = request.model_dump(exclude={"conditions"})
    return own | request.conditions.model_dump()


def _shown(row: PricingRuleRow) -> PricingRule:
    conditions = {name: getattr(row, name) for name in PricingRuleConditions.model_fields}
    own = {name: getattr(row, name) for name in PricingRule.model_fields if name != "conditions"}
    return PricingRule(**own, conditions=PricingRuleConditions(**conditions))


def _found(row: PricingRuleRow | None) -> PricingRuleRow:
    if row is None:
        raise PricingRuleNotFound()
    return row


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None
