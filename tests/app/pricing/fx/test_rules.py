"""Converting amounts: to the minor unit of each currency, half up."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.pricing.fx.rules import convert, cross_rate, minor_units
from app.pricing.fx.schemas import Exchange
from app.pricing.rules import convert as convert_price
from app.pricing.rules import price_passengers, total
from app.pricing.schemas import Conditions, FareComponent, FareProduct, PassengerType

DAY = date(2031, 5, 2)
PRODUCT = FareProduct(
    uuid7(), "Standard", "economy", "M", "M3STD", 1999, 0,
    Conditions(change_before_departure=None, cancel_before_departure=None), "USD", date(2000, 1, 1), None,
)  # fmt: skip
currencies = st.sampled_from(["EUR", "JPY", "KWD", "KRW", "HUF"])
rates = st.decimals("0.00001", "30000", places=8, allow_nan=False)
amounts = st.integers(-10_000_000, 10_000_000)


def exchange(currency: str, rate: str | Decimal) -> Exchange:
    return Exchange("USD", currency, Decimal(rate), DAY, "ECB")


@pytest.mark.parametrize(
    ("amount_minor", "currency", "rate", "expected"),
    [
        (10_000, "EUR", "0.9", 9_000),
        (10_000, "JPY", "157.25", 15_725),
        (1, "JPY", "157.25", 2),
        (10_000, "KWD", "0.30712", 30_712),
        (5, "EUR", "0.1", 1),
        (4, "EUR", "0.1", 0),
        (-5, "EUR", "0.1", -1),
        (0, "EUR", "0.9", 0),
    ],
)
def test_an_amount_is_rounded_half_up_to_the_minor_unit(
    amount_minor: int, currency: str, rate: str, expected: int
) -> None:
    assert convert(amount_minor, exchange(currency, rate)) == expected


@pytest.mark.parametrize(("currency", "places"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("KRW", 0), ("TND", 3)])
def test_the_yen_has_no_decimals_and_the_dinar_three(currency: str, places: int) -> None:
    assert minor_units(currency) == places


@given(amounts, currencies, rates)
def test_what_is_converted_is_off_by_half_a_minor_unit_at_most(
    amount_minor: int, currency: str, rate: Decimal
) -> None:
    exact = Decimal(amount_minor) / 100 * rate * Decimal(10) ** minor_units(currency)

    assert abs(convert(amount_minor, exchange(currency, rate)) - exact) <= Decimal("0.5")


@given(amounts, amounts, currencies, rates)
def test_more_never_becomes_less(one: int, other: int, currency: str, rate: Decimal) -> None:
    less, more = sorted((one, other))

    assert convert(less, exchange(currency, rate)) <= convert(more, exchange(currency, rate))


@given(
    st.lists(st.integers(1, 20_000), min_size=1, max_size=6),
    st.lists(st.sampled_from(PassengerType), min_size=1, max_size=9),
    currencies,
    rates,
)
def test_the_lines_add_up_in_every_currency(
    distances_km: list[int], party: list[PassengerType], currency: str, rate: Decimal
) -> None:
    components = [FareComponent(PRODUCT, distance) for distance in distances_km]

    prices = [convert_price(price, exchange(currency, rate)) for price in price_passengers(components, party)]

    for price in prices:
        lines = [line.amount.amount_minor for line in price.breakdown]
        fares = [fare.amount_minor for fare in price.segment_fares]
        assert sum(lines) == price.total.amount_minor
        assert sum(fares) == price.fare.amount_minor
        assert sum(fares) + sum(tax.amount.amount_minor for tax in price.taxes) == price.total.amount_minor
        assert {line.amount.currency for line in price.breakdown} == {currency}
    assert total(prices, currency).amount_minor == sum(price.total.amount_minor for price in prices)


def test_a_cross_rate_goes_by_way_of_the_euro() -> None:
    known = {"USD": Decimal("1.25"), "JPY": Decimal(160)}

    assert cross_rate(known, "USD", "JPY") == Decimal(128)
    assert cross_rate(known, "USD", "EUR") == Decimal("0.8")
    assert cross_rate(known, "EUR", "USD") == Decimal("1.25")
    assert cross_rate(known, "USD", "XXX") is None
    assert cross_rate({}, "USD", "JPY") is None
