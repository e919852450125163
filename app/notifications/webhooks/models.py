"""The tables of webhooks out."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class WebhookEndpointRow(SQLModel, table=True):
    """Where to send. Its secrets are in the vault; `position` is the last event that became a delivery."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID
    url: str = Field(sa_type=Text)
    event_types: list[str] | None = Field(sa_type=ARRAY(Text), nullable=True)
    status: str = Field(sa_type=Text)
    disabled_reason: str | None = Field(sa_type=Text)
    secret_id: UUID
    previous_secret_id: UUID | None
    previous_secret_until: datetime | None = Field(sa_type=TIMESTAMPTZ)
    position: UUID
    version: int
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)


class WebhookDeliveryRow(SQLModel, table=True):
    """One event for one endpoint, and how often it was tried."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    endpoint_id: UUID
    event_id: UUID
    event_type: str = Field(sa_type=Text)
    booking_id: UUID | None
    occurred_at: datetime = Field(sa_type=TIMESTAMPTZ)
    status: str = Field(sa_type=Text)
    attempts: int
    due_since: datetime = Field(sa_type=TIMESTAMPTZ)
    next_attempt_at: datetime = Field(sa_type=TIMESTAMPTZ)
    last_status: int | None
    last_error: str | None = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    delivered_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
