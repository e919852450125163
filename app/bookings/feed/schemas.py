"""An event as those outside see it."""

from datetime import datetime
from typing import Any

from pydantic import Field

from app.core.http import Schema
from app.core.ids import BookingId, EventId


class FeedEvent(Schema):
    """Something that happened to a booking. The id is the same in webhooks and in the booking's history."""

    id: EventId
    type: str = Field(examples=["BookingConfirmed"])
    booking_id: BookingId
    occurred_at: datetime
    request_id: str = Field(description="Of the request that made it happen")
    details: dict[str, Any] = Field(examples=[{"currency": "USD", "total_minor": 25790}])
