"""The tables of seats by number, whose partial unique indexes are in the migration."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class SeatLayoutRow(SQLModel, table=True):
    """Where the seats of an aircraft type are, in one configuration of its cabins."""

    __tablename__ = "seat_layouts"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    aircraft_type: str = Field(foreign_key="app.aircraft_types.code", sa_type=Text)
    configuration: str = Field(sa_type=Text)
    cabins: list[dict[str, Any]] = Field(sa_type=JSONB, nullable=False)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class SeatAssignmentRow(SQLModel, table=True):
    """One passenger's seat on one flight, live until released; of an unpaid booking until `held_until`."""

    __tablename__ = "seat_assignments"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID = Field(foreign_key="app.bookings.id")
    passenger_id: UUID = Field(foreign_key="app.passengers.id")
    flight_id: UUID = Field(foreign_key="app.flights.id")
    cabin: str = Field(sa_type=Text)
    seat: str = Field(sa_type=Text)
    infant_block: str | None = Field(default=None, sa_type=Text)
    held_until: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    assigned_at: datetime = Field(sa_type=DateTime(timezone=True))
    released_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    release_reason: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
