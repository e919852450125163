"""What a seat costs: the lines add up, and each follows its rule."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.pricing.rules import (
    base_fare_minor,
    fare_minor,
    may_be_bought,
    price_passenger,
    price_passengers,
    total,
)
from app.pricing.schemas import Conditions, FareProduct, PassengerType

ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT
TODAY = date(2031, 5, 4)


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
parties = st.lists(st.sampled_from(PassengerType), min_size=1, max_size=9)


@given(multipliers, distances, parties)
def test_the_lines_of_every_passenger_add_up_to_the_total(
    multiplier: int, distances_km: list[int], party: list[PassengerType]
) -> None:
    prices = price_passengers(product(multiplier), distances_km, party)

    lines = [price.fare.amount_minor for price in prices]
    lines += [tax.amount.amount_minor for price in prices for tax in price.taxes]
    assert sum(lines) == total(prices, "USD").amount_minor
    assert min(lines) >= 0
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
    price = price_passenger(product(2000), [3983], ADULT)

    assert price.fare.amount_minor == 58830
    assert [(tax.code, tax.amount.amount_minor) for tax in price.taxes] == [
        ("TRT", 4412),
        ("SGF", 500),
        ("SEC", 560),
    ]
    assert price.total.amount_minor == 64302


def test_an_infant_takes_no_seat_and_pays_no_fee_for_one() -> None:
    price = price_passenger(product(), [3983], INFANT)

    assert [tax.code for tax in price.taxes] == ["TRT"]
    assert [kind.needs_seat for kind in (ADULT, CHILD, INFANT)] == [True, True, False]


def test_a_fare_bought_too_late_is_not_sold() -> None:
    early = product(advance_days=7)

    assert may_be_bought(early, TODAY, TODAY + timedelta(days=7))
    assert not may_be_bought(early, TODAY, TODAY + timedelta(days=6))


def test_a_fare_is_sold_through_the_last_day_of_its_validity() -> None:
    ending = product(valid_to=TODAY)

    assert may_be_bought(ending, TODAY, TODAY + timedelta(days=30))
    assert not may_be_bought(ending, TODAY + timedelta(days=1), TODAY + timedelta(days=30))
