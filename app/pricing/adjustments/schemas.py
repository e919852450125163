"""Pricing rules as administrators write them, and as prices are made with them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from app.core.http import Schema
from app.core.ids import PricingRuleId
from app.flights.schemas import Cabin
from app.pricing.schemas import PassengerType
from app.reference.schemas import AirlineCode, AirportCode

# A half off and a half on top is as far as one rule goes; more is a fare of its own.
MOST_BASIS_POINTS = 5_000
MOST_AMOUNT_MINOR = 100_000
MOST_DAYS_AHEAD = 400

BasisPoints = Annotated[int, Field(ge=-MOST_BASIS_POINTS, le=MOST_BASIS_POINTS, examples=[-1000])]
AmountMinor = Annotated[int, Field(ge=-MOST_AMOUNT_MINOR, le=MOST_AMOUNT_MINOR, examples=[1500])]
DaysAhead = Annotated[int, Field(ge=0, le=MOST_DAYS_AHEAD)]


class PricingRuleConditions(Schema):
    """What a segment has to be for a rule to apply. What is left out, everything meets."""

    cabin: Cabin | None = None
    brand: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    fare_class: Annotated[str, Field(pattern="^[A-Z]$")] | None = None
    airline: AirlineCode | None = None
    origin: AirportCode | None = None
    destination: AirportCode | None = None
    passenger_type: PassengerType | None = None
    departs_from: date | None = Field(default=None, description="The first local day of departure")
    departs_to: date | None = Field(default=None, description="The last local day of departure")
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] | None = (
        Field(default=None, description="Of departure; 1 is Monday")
    )
    min_days_ahead: DaysAhead | None = Field(default=None, description="Bought so many days before, or more")
    max_days_ahead: DaysAhead | None = Field(default=None, description="Bought so many days before, or fewer")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.departs_from and self.departs_to and self.departs_to < self.departs_from:
            raise ValueError("departs_to is before departs_from")
        least, most = self.min_days_ahead, self.max_days_ahead
        if least is not None and most is not None and most < least:
            raise ValueError("max_days_ahead is less than min_days_ahead")
        return self


class PricingRuleRequest(Schema):
    """A rule adds to the fare of each segment it applies to: basis points of it, or an amount."""

    code: str = Field(pattern="^[A-Z0-9_]{2,20}$", examples=["SUMMER"])
    name: str = Field(min_length=1, max_length=80, examples=["Summer sale"])
    reason: str = Field(min_length=1, max_length=200, examples=["10 % off until the end of June"])
    basis_points: BasisPoints | None = Field(default=None, description="Hundredths of a percent of the fare")
    amount_minor: AmountMinor | None = Field(default=None, description="In the currency of the fare products")
    conditions: PricingRuleConditions = PricingRuleConditions()
    valid_from: AwareDatetime = Field(
        description="Prices made from then on", examples=["2026-06-01T00:00:00Z"]
    )
    valid_to: AwareDatetime | None = Field(default=None, description="Prices made before then; null: no end")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.basis_points is None) == (self.amount_minor is None):
            raise ValueError("a rule has basis_points or amount_minor, one of them")
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class PricingRule(PricingRuleRequest):
    id: PricingRuleId
    version: int
    created_at: datetime
    updated_at: datetime

    def holds_at(self, now: datetime) -> bool:
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


@dataclass(frozen=True, slots=True)
class SegmentFacts:
    """What of a segment a rule may ask about, beside the product it is sold under."""

    cabin: Cabin
    airline: str
    origin: str
    destination: str
    departs_on: date
    bought_on: date
