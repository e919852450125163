"""What became of each message that was due."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import TIMESTAMP, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class NotificationDelivery(SQLModel, table=True):
    """One row a request, claimed before it is sent. Captured, so it names a subject and never an address."""

    __tablename__ = "notification_deliveries"
    __table_args__ = {"schema": "app"}

    request_id: UUID = Field(primary_key=True)
    event_id: UUID
    booking_id: UUID | None
    subject_id: UUID
    channel: str = Field(sa_type=Text)
    template: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    attempts: int
    claimed_until: datetime | None = Field(sa_type=TIMESTAMPTZ)
    message_id: str = Field(sa_type=Text)
    last_error: str | None = Field(sa_type=Text)
    sent_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)
