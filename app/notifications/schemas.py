"""A message on its way, and what its recipient may know of it afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.http import Schema
from app.core.ids import BookingId, NotificationId


class DeliveryStatus(StrEnum):
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class Claim:
    """A request this process may send until the claim ends. `payload` holds the event's facts."""

    request_id: UUID
    subject_id: UUID
    template: str
    payload: dict[str, Any]
    message_id: str
    attempts: int


class Notification(Schema):
    id: NotificationId
    booking_id: BookingId | None
    channel: str
    template: str
    status: DeliveryStatus
    sent_at: datetime | None
    created_at: datetime
