"""What callers and higher domains see of a price."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.core.http import Schema
from app.core.money import Money


class PassengerType(StrEnum):
    ADULT = "adult"
    CHILD = "child"
    INFANT = "infant"

    @property
    def needs_seat(self) -> bool:
        """An infant travels on the lap of an adult."""
        return self is not PassengerType.INFANT


class TaxLine(Schema):
    code: str = Field(examples=["TRT"])
    description: str = Field(examples=["Transport tax"])
    amount: Money


class PassengerPrice(Schema):
    """What one passenger pays: the fare and its taxes add up to the total."""

    type: PassengerType
    fare: Money
    taxes: list[TaxLine]
    total: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """What a party pays for one product, passenger by passenger in the order asked."""

    passengers: list[PassengerPrice]
    total: Money


class Condition(Schema):
    allowed: bool
    penalty: Money | None = Field(description="For each passenger; null where it is not allowed")


class Conditions(Schema):
    """What the fare allows. Null is not stated, which promises nothing."""

    change_before_departure: Condition | None
    cancel_before_departure: Condition | None


@dataclass(frozen=True, slots=True)
class FareProduct:
    """A brand sold in one fare class, ready to price with."""

    id: UUID
    brand: str
    cabin: str
    fare_class: str
    fare_basis: str
    multiplier_thousandths: int
    advance_purchase_days: int
    conditions: Conditions
    currency: str
    valid_from: date
    valid_to: date | None
