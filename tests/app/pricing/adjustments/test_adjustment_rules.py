"""Which rules a segment meets, and what they make of its fare."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.flights.schemas import Cabin
from app.pricing.adjustments.rules import holding_at, meets
from app.pricing.adjustments.schemas import PricingRule, PricingRuleConditions, SegmentFacts
from app.pricing.rules import price_passenger
from app.pricing.schemas import (
    Adjustment,
    Conditions,
    FareComponent,
    FareProduct,
    LineKind,
    PassengerType,
)

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
# A Saturday, forty days ahead.
FACTS = SegmentFacts(Cabin.ECONOMY, "B6", "JFK", "LAX", date(2031, 6, 14), date(2031, 5, 5))
PRODUCT = FareProduct(
    uuid7(), "Standard", "economy", "M", "M3STD", 2000, 0,
    Conditions(change_before_departure=None, cancel_before_departure=None), "USD", date(2000, 1, 1), None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, True),
        ({"cabin": "economy"}, True),
        ({"cabin": "business"}, False),
        ({"brand": "Standard", "fare_class": "M"}, True),
        ({"brand": "Flex"}, False),
        ({"fare_class": "K"}, False),
        ({"airline": "B6", "origin": "JFK", "destination": "LAX"}, True),
        ({"airline": "UA"}, False),
        ({"origin": "LAX"}, False),
        ({"destination": "JFK"}, False),
        ({"departs_from": "2031-06-14", "departs_to": "2031-06-14"}, True),
        ({"departs_from": "2031-06-15"}, False),
        ({"departs_to": "2031-06-13"}, False),
        ({"weekdays": [6, 7]}, True),
        ({"weekdays": [1, 2, 3, 4, 5]}, False),
        ({"min_days_ahead": 40, "max_days_ahead": 40}, True),
        ({"min_days_ahead": 41}, False),
        ({"max_days_ahead": 39}, False),
    ],
)
def test_a_segment_meets_a_rule_that_asks_for_what_it_is(asked: dict[str, Any], expected: bool) -> None:
    assert meets(PricingRuleConditions(**asked), FACTS, PRODUCT) is expected


def rule(valid_from: datetime, valid_to: datetime | None) -> PricingRule:
    return PricingRule(
        id=uuid7(), version=1, created_at=NOW, updated_at=NOW, code="SALE", name="Sale", reason="a test",
        basis_points=-1000, valid_from=valid_from, valid_to=valid_to,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [(0, None, True), (1, None, False), (-2, 0, False), (-2, 1, True), (0, 0, False)],
)
def test_a_rule_holds_from_its_beginning_and_no_longer_at_its_end(
    begins: int, ends: int | None, expected: bool
) -> None:
    hour = timedelta(hours=1)
    one = rule(NOW + begins * hour, None if ends is None else NOW + ends * hour)

    assert bool(holding_at([one], NOW)) is expected


def adjustment(basis_points: int | None = None, amount_minor: int | None = None) -> Adjustment:
    return Adjustment("SALE", "Sale", "because of a test", basis_points, amount_minor, None)


def test_a_rule_is_a_line_with_its_reason_and_the_tax_follows_the_fare() -> None:
    """588.30 less 10 % is 529.47, of which the tax is 39.71."""
    price = price_passenger(
        [FareComponent(PRODUCT, 3983, adjustments=(adjustment(-1000),))], PassengerType.ADULT
    )

    (line,) = [line for line in price.breakdown if line.kind is LineKind.ADJUSTMENT]
    assert (line.code, line.amount.amount_minor, line.reason) == ("SALE", -5883, "because of a test")
    assert price.fare.amount_minor == price.segment_fares[0].amount_minor == 52947
    assert price.taxes[0].amount.amount_minor == 3971


def test_a_rule_for_children_leaves_adults_alone() -> None:
    for_children = replace(adjustment(-5000), passenger_type=PassengerType.CHILD)
    components = [FareComponent(PRODUCT, 3983, adjustments=(for_children,))]

    adult, child = (price_passenger(components, kind) for kind in (PassengerType.ADULT, PassengerType.CHILD))

    assert adult.fare.amount_minor == 58830
    assert child.fare.amount_minor == 22061


adjustments = st.lists(
    st.one_of(
        st.builds(adjustment, basis_points=st.integers(-5000, 5000)),
        st.builds(adjustment, amount_minor=st.integers(-100_000, 100_000)),
    ),
    max_size=6,
)


@given(adjustments, st.integers(1, 20_000), st.sampled_from(PassengerType))
def test_whatever_the_rules_the_lines_add_up_and_no_fare_is_below_nothing(
    changes: list[Adjustment], distance_km: int, kind: PassengerType
) -> None:
    price = price_passenger([FareComponent(PRODUCT, distance_km, adjustments=tuple(changes))], kind)

    fares = [
        line.amount.amount_minor
        for line in price.breakdown
        if line.kind in (LineKind.FARE, LineKind.ADJUSTMENT)
    ]
    assert sum(fares) == price.fare.amount_minor >= 0
    assert price.fare.amount_minor + sum(tax.amount.amount_minor for tax in price.taxes) == (
        price.total.amount_minor
    )
    assert sum(line.amount.amount_minor for line in price.breakdown) == price.total.amount_minor
    assert min(tax.amount.amount_minor for tax in price.taxes) >= 0


@given(st.permutations([adjustment(-1000), adjustment(500), adjustment(amount_minor=700)]))
def test_the_order_of_rules_does_not_matter(changes: list[Adjustment]) -> None:
    price = price_passenger([FareComponent(PRODUCT, 3983, adjustments=tuple(changes))], PassengerType.ADULT)

    assert price.fare.amount_minor == 58830 - 5883 + 2942 + 700
