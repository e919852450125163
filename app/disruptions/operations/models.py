"""What happened to flights, and how far their bookings have been looked at."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class DisruptionRow(SQLModel, table=True):
    """One cancellation, delay, diversion or swap. `booking_seen` is the last booking that was looked at."""

    __tablename__ = "disruptions"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    flight_id: UUID
    kind: str = Field(sa_type=Text)
    details: dict[str, Any] = Field(sa_type=JSONB)
    reason: str = Field(sa_type=Text)
    booking_seen: UUID | None = None
    bookings_changed: int = 0
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    done_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    request_id: str = Field(sa_type=Text)
    simulated: bool = False
