"""What callers and the rest of pricing see of a rate."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pydantic import Field

from app.core.http import Schema
from app.core.money import CurrencyCode

REFERENCE_CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Exchange:
    """How amounts of one currency become amounts of another, both in minor units."""

    base_currency: str
    currency: str
    rate: Decimal
    as_of: date
    source: str


class FxRateView(Schema):
    currency: CurrencyCode
    rate: Decimal = Field(description="Units of the currency for one of the base", examples=["0.92131000"])
    minor_units: int = Field(description="Decimal places of the currency, by ISO 4217", examples=[2])


class FxRatesView(Schema):
    """The rates of one day, against one base."""

    base_currency: CurrencyCode
    as_of: date = Field(description="The day they were published for: the newest up to the day asked")
    source: str = Field(examples=["ECB"])
    rates: list[FxRateView]
