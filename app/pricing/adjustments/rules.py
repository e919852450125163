"""Which rules a segment meets, and what they make of its fare.

Every rule adds to the fare itself, not to what another rule has made of it, so their order does not matter.
Together they never take more than the fare: the line that would is cut."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from app.pricing.adjustments.schemas import PricingRule, PricingRuleConditions, SegmentFacts
from app.pricing.schemas import Adjustment, FareProduct


def meets(conditions: PricingRuleConditions, facts: SegmentFacts, product: FareProduct) -> bool:
    """Whether a segment sold under a product is one a rule speaks of, whoever travels."""
    asked_and_is = (
        (conditions.cabin, facts.cabin),
        (conditions.brand, product.brand),
        (conditions.fare_class, product.fare_class),
        (conditions.airline, facts.airline),
        (conditions.origin, facts.origin),
        (conditions.destination, facts.destination),
    )
    return all(asked is None or asked == value for asked, value in asked_and_is) and _is_in_time(
        conditions, facts
    )


def adjustments_for(
    rules: Iterable[PricingRule], facts: SegmentFacts, product: FareProduct
) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(
            code=rule.code,
            description=rule.name,
            reason=rule.reason,
            basis_points=rule.basis_points,
            amount_minor=rule.amount_minor,
            passenger_type=rule.conditions.passenger_type,
        )
        for rule in rules
        if meets(rule.conditions, facts, product)
    )


def holding_at(rules: Sequence[PricingRule], now: datetime) -> list[PricingRule]:
    return [rule for rule in rules if rule.holds_at(now)]


def _is_in_time(conditions: PricingRuleConditions, facts: SegmentFacts) -> bool:
    days_ahead = (facts.departs_on - facts.bought_on).days
    return (
        (conditions.departs_from or date.min) <= facts.departs_on <= (conditions.departs_to or date.max)
        and (conditions.weekdays is None or facts.departs_on.isoweekday() in conditions.weekdays)
        and (conditions.min_days_ahead is None or days_ahead >= conditions.min_days_ahead)
        and (conditions.max_days_ahead is None or days_ahead <= conditions.max_days_ahead)
    )
