"""The tables of groups. Who asks is in the vault, under the subject id; who travels, with their bookings."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class GroupRow(SQLModel, table=True):
    __tablename__ = "groups"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID
    contact_subject_id: UUID
    status: str = Field(sa_type=Text)
    flight_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))
    cabin: str = Field(sa_type=Text)
    seats: int = Field(sa_type=SmallInteger)
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ)
    quoted_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    quote_expires_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    legs: list[dict[str, Any]] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    currency: str | None = Field(default=None, sa_type=Text)
    total_per_seat_minor: int | None = Field(default=None, sa_type=BigInteger)
    deposit_per_seat_minor: int | None = Field(default=None, sa_type=BigInteger)
    deposit_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    names_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    final_due_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    confirmed_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    request_id: str = Field(sa_type=Text)
    simulated: bool = False
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)


class GroupBookingRow(SQLModel, table=True):
    """One booking of a group's block: at most nine seats, as any booking has."""

    __tablename__ = "group_bookings"
    __table_args__ = {"schema": "app"}

    booking_id: UUID = Field(primary_key=True)
    group_id: UUID = Field(foreign_key="app.groups.id")
    deposit_minor: int = Field(sa_type=BigInteger)
    deposit_paid_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    settled_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
