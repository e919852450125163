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


class ExtrasOrders(Schema):
    """The orders of a booking, the oldest first."""

    data: list[ExtrasOrder]
