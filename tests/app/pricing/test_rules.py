"""What a seat costs: the lines add up, and each follows its rule."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.core.money import Money
from app.pricing.rules import (
    base_fare_minor,
    fare_minor,
    join,
    may_be_bought,
    price_passenger,
    price_passengers,
    strictest,
    total,
)
from app.pricing.schemas import Condition, Conditions, FareComponent, FareProduct, LineKind, PassengerType

ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT
TODAY = date(2031, 5, 4)
FREE = Condition(allowed=True, penalty=Money(amount_minor=0, currency="USD"))
FEE = Condition(allowed=True, penalty=Money(amount_minor=7500, currency="USD"))
REFUSED = Condition(allowed=False, penalty=None)


def product(
    multiplier_thousandths: int = 1000, advance_days: int = 0, valid_to: date | None = None
) -> FareProduct:
    return FareProduct(
        id=uuid7(),
        brand="Standard",
        cabin="economy",
        fare_class="M",
        fare_basis="M3STD",
        multiplier_thousandths=multiplier_thousandths,
        advance_purchase_days=advance_days,
        conditions=Conditions(change_before_departure=None, cancel_before_departure=None),
        currency="USD",
        valid_from=date(2000, 1, 1),
        valid_to=valid_to,
    )


multipliers = st.integers(1, 999_999)
distances = st.lists(st.integers(1, 20_000), min_size=1, max_size=3)


def one_trip(priced: FareProduct, distances_km: list[int]) -> list[FareComponent]:
    return [
        FareComponent(priced, distance, opens_trip=place == 0) for place, distance in enumerate(distances_km)
    ]


parties = st.lists(st.sampled_from(PassengerType), min_size=1, max_size=9)


@given(multipliers, distances, parties)
def test_the_lines_of_every_passenger_add_up_to_the_total(
    multiplier: int, distances_km: list[int], party: list[PassengerType]
) -> None:
    prices = price_passengers(one_trip(product(multiplier), distances_km), party)

    assert total(prices, "USD").amount_minor == sum(price.total.amount_minor for price in prices)
    for price in prices:
        lines = [line.amount.amount_minor for line in price.breakdown]
        fares = [fare.amount_minor for fare in price.segment_fares]
        taxes = [tax.amount.amount_minor for tax in price.taxes]
        assert sum(lines) == sum(fares) + sum(taxes) == price.total.amount_minor
        assert sum(fares) == price.fare.amount_minor
        assert len(fares) == len(distances_km)
        assert min(lines) >= 0
        assert all(line.reason for line in price.breakdown)
    assert [price.type for price in prices] == party


@given(multipliers, st.integers(1, 20_000))
def test_a_child_pays_no_more_than_an_adult_and_an_infant_no_more_than_a_child(
    multiplier: int, distance_km: int
) -> None:
    priced = product(multiplier)

    adult, child, infant = (fare_minor(priced, distance_km, kind) for kind in (ADULT, CHILD, INFANT))

    assert adult >= child >= infant
    assert abs(4 * child - 3 * adult) <= 2
    assert abs(10 * infant - adult) <= 5


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_farther_never_costs_less(near_km: int, far_km: int) -> None:
    near_km, far_km = sorted((near_km, far_km))

    assert base_fare_minor(near_km) <= base_fare_minor(far_km)


def test_a_known_price_line_by_line() -> None:
    """New York to Los Angeles, 3983 km: 35.00 + 1500 * 0.09 + 2483 * 0.05 = 294.15, twice that in M."""
    price = price_passenger(one_trip(product(2000), [3983]), ADULT)

    assert price.fare.amount_minor == 58830
    assert [(tax.code, tax.amount.amount_minor) for tax in price.taxes] == [
        ("TRT", 4412),
        ("SGF", 500),
        ("SEC", 560),
    ]
    assert price.total.amount_minor == 64302


def test_an_infant_takes_no_seat_and_pays_no_fee_for_one() -> None:
    price = price_passenger(one_trip(product(), [3983]), INFANT)

    assert [tax.code for tax in price.taxes] == ["TRT"]
    assert [kind.needs_seat for kind in (ADULT, CHILD, INFANT)] == [True, True, False]


@given(multipliers, st.lists(distances, min_size=1, max_size=3), st.sampled_from(PassengerType))
def test_slices_priced_one_by_one_cost_what_they_cost_together(
    multiplier: int, slices: list[list[int]], kind: PassengerType
) -> None:
    trips = [one_trip(product(multiplier), slice_km) for slice_km in slices]

    joined = join([price_passenger(trip, kind) for trip in trips])

    assert joined == price_passenger([component for trip in trips for component in trip], kind)
    assert {line.segment for line in joined.breakdown} == set(range(len(joined.segment_fares)))


def test_security_is_paid_once_for_a_trip_and_the_segment_fee_on_every_flight() -> None:
    price = price_passenger(one_trip(product(), [500, 600]), ADULT)

    fees = [(line.code, line.segment) for line in price.breakdown if line.kind is LineKind.FEE]
    assert fees == [("SGF", 0), ("SEC", 0), ("SGF", 1)]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ([FREE, FEE], FEE),
        ([FREE, None], None),
        ([FREE, REFUSED], REFUSED),
        ([None, REFUSED], REFUSED),
        ([FREE], FREE),
    ],
)
def test_an_offer_promises_no_more_than_the_strictest_of_its_fares(
    stated: list[Condition | None], expected: Condition | None
) -> None:
    fares = [Conditions(change_before_departure=each, cancel_before_departure=None) for each in stated]

    assert strictest(fares).change_before_departure == expected


def test_a_fare_bought_too_late_is_not_sold() -> None:
    early = product(advance_days=7)

    assert may_be_bought(early, TODAY, TODAY + timedelta(days=7))
    assert not may_be_bought(early, TODAY, TODAY + timedelta(days=6))


def test_a_fare_is_sold_through_the_last_day_of_its_validity() -> None:
    ending = product(valid_to=TODAY)

    assert may_be_bought(ending, TODAY, TODAY + timedelta(days=30))
    assert not may_be_bought(ending, TODAY + timedelta(days=1), TODAY + timedelta(days=30))
