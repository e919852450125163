"""What is asked of extras, and what is shown of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from app.core.http import Schema
from app.core.ids import BookingId, BookingItemId, OrderId, PassengerId, SegmentId
from app.core.money import Money

# More than nine passengers with five things each ask for at once.
MAX_CHOICES = 50
MAX_OF_ONE = 9


class FulfilKind(StrEnum):
    """How an extra is given; each kind may have somebody who does more than write it down."""

    BAG = "bag"
    MEAL = "meal"
    SEAT = "seat"
    SERVICE = "service"


class OrderStatus(StrEnum):
    WAITING = "waiting"
    APPLIED = "applied"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class ExtraLine:
    """One extra for one passenger; `segment_id` None is for the whole journey."""

    passenger_id: UUID
    segment_id: UUID | None
    code: str
    description: str
    amount: Money
    fulfil_kind: FulfilKind
    detail: dict[str, Any] = field(default_factory=dict)


class OrderedExtra(Schema):
    passenger_id: PassengerId
    segment_id: SegmentId | None
    kind: FulfilKind
    code: str = Field(examples=["BAG1"])
    description: str = Field(examples=["Checked bag, 23 kg"])
    amount: Money
    item_id: BookingItemId | None = Field(description="Its item in the booking, once it is had")


class ExtrasOrder(Schema):
    """Extras asked for together. A waiting order is had once it is paid, and lapses at `expires_at`."""

    id: OrderId
    booking_id: BookingId
    status: OrderStatus
    total: Money
    extras: list[OrderedExtra]
    created_at: datetime
    expires_at: datetime
    applied_at: datetime | None


class AvailableExtra(Schema):
    """What one passenger may have on one flight, and what one of it costs."""

    passenger_id: PassengerId
    segment_id: SegmentId
    kind: FulfilKind
    code: str = Field(examples=["BAG1"])
    description: str = Field(examples=["A first bag of 23 kg in the hold"])
    amount: Money
    most: int = Field(description="How many more of it the passenger may have", examples=[1])


class ExtrasOrders(Schema):
    """The orders of a booking, the oldest first, and what may still be ordered."""

    data: list[ExtrasOrder]
    available: list[AvailableExtra]


class ExtraChoice(Schema):
    passenger_id: PassengerId
    segment_id: SegmentId | None = Field(
        default=None, description="Left out: on every flight of the passenger that has it"
    )
    code: str = Field(min_length=1, max_length=20, examples=["BAG1"])
    count: int = Field(default=1, ge=1, le=MAX_OF_ONE, examples=[1])


class ExtrasRequest(Schema):
    """Extras of the catalogue, at its prices; all of them are had, or none."""

    extras: list[ExtraChoice] = Field(min_length=1, max_length=MAX_CHOICES)
