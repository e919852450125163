"""The tables of check-in and boarding."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class CheckInRow(SQLModel, table=True):
    """One acceptance of one coupon. A sequence number is never given out twice on a flight."""

    __tablename__ = "check_ins"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    coupon_id: UUID
    booking_id: UUID
    passenger_id: UUID
    flight_id: UUID
    cabin: str = Field(sa_type=Text)
    needs_seat: bool
    sequence_number: int
    source: str = Field(sa_type=Text)
    standby_since: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    cleared_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    checked_in_at: datetime = Field(sa_type=TIMESTAMPTZ)
    undone_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    boarded_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class BoardingRow(SQLModel, table=True):
    """A flight's boarding: the last sequence number given out, and when it was closed out."""

    __tablename__ = "boardings"
    __table_args__ = {"schema": "app"}

    flight_id: UUID = Field(primary_key=True)
    departs_at: datetime = Field(sa_type=TIMESTAMPTZ)
    last_sequence_number: int = 0
    closed_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    closed_by: UUID | None = None


class DeniedBoardingRow(SQLModel, table=True):
    """A passenger who stayed behind though checked in, and what is owed for it."""

    __tablename__ = "denied_boardings"
    __table_args__ = {"schema": "app"}

    coupon_id: UUID = Field(primary_key=True)
    booking_id: UUID
    passenger_id: UUID
    flight_id: UUID
    kind: str = Field(sa_type=Text)
    substitute_arrives_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    rule: str = Field(sa_type=Text)
    compensation_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    travel_credit_id: UUID | None = None
    denied_at: datetime = Field(sa_type=TIMESTAMPTZ)
    denied_by: UUID | None = None
