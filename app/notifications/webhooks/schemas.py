"""What callers send to have events sent to them, and what they are shown."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.core.http import Schema
from app.core.ids import BookingId, EventId, WebhookDeliveryId, WebhookEndpointId

MAX_URL_LENGTH = 500
MAX_TYPES = 50

EventType = Annotated[str, Field(pattern="^[A-Z][A-Za-z]{1,59}$", examples=["BookingConfirmed"])]
EndpointUrl = Annotated[
    str,
    Field(
        max_length=MAX_URL_LENGTH,
        pattern=r"^https?://\S+$",
        description="https, and a host of the public internet",
        examples=["https://partner.example.com/contrail"],
    ),
]


class EndpointStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class EndpointCreate(Schema):
    url: EndpointUrl
    event_types: list[EventType] | None = Field(
        default=None, min_length=1, max_length=MAX_TYPES, description="Null: all of them"
    )


class EndpointUpdate(Schema):
    """What is left out stays as it is."""

    url: EndpointUrl | None = None
    event_types: list[EventType] | None = Field(default=None, min_length=1, max_length=MAX_TYPES)
    status: EndpointStatus | None = Field(default=None, description="`active` to try again after a failure")


class Endpoint(Schema):
    id: WebhookEndpointId
    url: str
    event_types: list[str] | None
    status: EndpointStatus
    disabled_reason: str | None = Field(description="Why we stopped sending", examples=["unreachable"])
    created_at: datetime
    updated_at: datetime


class EndpointWithSecret(Endpoint):
    """Shown once: keep the secret, it cannot be read again."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class Delivery(Schema):
    id: WebhookDeliveryId
    event_id: EventId
    event_type: str
    booking_id: BookingId | None
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None = Field(description="While it is pending")
    last_status: int | None = Field(description="The HTTP status of the last answer", examples=[503])
    last_error: str | None = Field(description="Why there was no answer", examples=["ConnectTimeout"])
    created_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True)
class Message:
    """One delivery that is to be sent now, with the secrets it is signed with."""

    delivery_id: UUID
    endpoint_id: UUID
    url: str
    event_id: UUID
    event_type: str
    booking_id: UUID | None
    occurred_at: datetime
    attempts: int
    due_since: datetime
    secrets: list[str]


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: an answer's status, or the kind of error that kept one from coming."""

    status: int | None
    error: str | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """410: the receiver says that it will never want this again."""
        return self.status == 410
