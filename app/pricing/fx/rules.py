"""Converting amounts: exact decimals, rounded half up once at the end, in whole minor units.

The decimal places of a currency are those of ISO 4217, by way of the CLDR: the yen has none."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel.numbers import get_currency_precision

from app.pricing.fx.schemas import REFERENCE_CURRENCY, Exchange

# As published rates are kept; a cross rate is rounded to as many, and what is told is what was used.
RATE_PLACES = Decimal("0.00000001")


@lru_cache
def minor_units(currency: str) -> int:
    """The decimal places of a currency."""
    return get_currency_precision(currency)


def convert(amount_minor: int, exchange: Exchange) -> int:
    """An amount in minor units of the one currency, in minor units of the other."""
    places = minor_units(exchange.currency) - minor_units(exchange.base_currency)
    exact = Decimal(amount_minor) * exchange.rate * Decimal(10) ** places
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def cross_rate(rates: Mapping[str, Decimal], base: str, currency: str) -> Decimal | None:
    """Units of a currency for one of the base, out of rates for one euro; None where one is missing."""
    known = {REFERENCE_CURRENCY: Decimal(1), **rates}
    if base not in known or currency not in known:
        return None
    return (known[currency] / known[base]).quantize(RATE_PLACES, rounding=ROUND_HALF_UP)
