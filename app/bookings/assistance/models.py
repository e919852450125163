"""The tables of special services. Private: a need for help is nobody's figure, and no disease is named."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from app.core.models import TIMESTAMPTZ


class ServiceRequestRow(SQLModel, table=True):
    __tablename__ = "service_requests"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    passenger_id: UUID
    segment_id: UUID
    flight_id: UUID
    kind: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ended_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class ServiceAllotment(SQLModel, table=True):
    """How many of a kind a flight can have, and how many it has confirmed."""

    __tablename__ = "service_allotments"
    __table_args__ = {"schema": "app"}

    flight_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True, sa_type=Text)
    allotted: int
    used: int = 0
