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


class LineKind(StrEnum):
    """Fares and their adjustments add up to the fare, taxes and fees to the taxes."""

    FARE = "fare"
    ADJUSTMENT = "adjustment"
    TAX = "tax"
    FEE = "fee"


class PriceLine(Schema):
    """One amount of a price and why it is charged. An adjustment may be negative."""

    kind: LineKind
    code: str = Field(examples=["M3STD"])
    description: str = Field(examples=["Standard fare"])
    amount: Money
    reason: str = Field(description="Why it is charged, and from what", examples=["3983 km in class M"])
    segment: int | None = Field(
        description="Which segment of the offer it is for, counted from 0 over all slices; null: for none",
        examples=[0],
    )


class TaxLine(Schema):
    """One tax or fee over the whole offer."""

    code: str = Field(examples=["TRT"])
    description: str = Field(examples=["Transport tax"])
    amount: Money


class PassengerPrice(Schema):
    """What one passenger pays: the fare and its taxes add up to the total, and so does the breakdown."""

    type: PassengerType
    fare: Money
    taxes: list[TaxLine]
    total: Money
    segment_fares: list[Money] = Field(description="One for each segment of the offer; they add up to fare")
    breakdown: list[PriceLine]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a party pays, passenger by passenger in the order asked."""

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
    minimum_stay_days: int = 0
    """Sold for a journey with a way back that begins so many days after the way out; 0: for any."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a pricing rule adds to the fare of a segment: basis points of it, or an amount; both may be less
    than nothing. For everybody, or for passengers of one type."""

    code: str
    description: str
    reason: str
    basis_points: int | None
    amount_minor: int | None
    passenger_type: PassengerType | None


@dataclass(frozen=True, slots=True)
class FareComponent:
    """One segment to be priced: the product it is sold under, how far it goes, and what rules change."""

    product: FareProduct
    distance_km: int
    opens_trip: bool = True
    """The first segment of a slice: where a trip begins is where its security is paid."""
    adjustments: tuple[Adjustment, ...] = ()
