"""The table of the waitlist. Who waits is in the vault, under the subject ids."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, SmallInteger, Text, Uuid
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class WaitlistEntryRow(SQLModel, table=True):
    __tablename__ = "waitlist_entries"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID
    flight_id: UUID
    cabin: str = Field(sa_type=Text)
    passenger_types: list[str] = Field(sa_type=ARRAY(Text))
    passenger_subject_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    contact_subject_id: UUID
    seats: int = Field(sa_type=SmallInteger)
    max_total_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = Field(default=None, sa_type=Text)
    priority: int = Field(sa_type=SmallInteger)
    status: str = Field(sa_type=Text)
    joined_at: datetime = Field(sa_type=TIMESTAMPTZ)
    offered_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    offer_expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    booking_id: UUID | None = None
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    end_reason: str | None = Field(default=None, sa_type=Text)
    request_id: str = Field(sa_type=Text)
    simulated: bool = False
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)
