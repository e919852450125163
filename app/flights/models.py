"""The tables of flights. Their foreign keys into reference are in the migrations."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import DateTime, SmallInteger, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class Schedule(SQLModel, table=True):
    """A flight number on one weekday, between two dates."""

    __tablename__ = "schedules"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    airline: str = Field(sa_type=Text)
    flight_number: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    destination: str = Field(sa_type=Text)
    weekday: int = Field(sa_type=SmallInteger)
    departs_local: time
    arrives_local: time
    arrives_day_offset: int = Field(sa_type=SmallInteger)
    valid_from: date
    valid_to: date
    aircraft_type: str = Field(sa_type=Text)
    simulated: bool = False
    version: int = 1
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)


class Flight(SQLModel, table=True):
    """One dated departure. A local time has its zone beside it; estimates are null until they differ."""

    __tablename__ = "flights"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    schedule_id: UUID | None = Field(default=None, foreign_key="app.schedules.id")
    airline: str = Field(sa_type=Text)
    flight_number: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    destination: str = Field(sa_type=Text)
    departure_date: date
    departs_local: datetime = Field(sa_type=DateTime)
    departs_zone: str = Field(sa_type=Text)
    arrives_local: datetime = Field(sa_type=DateTime)
    arrives_zone: str = Field(sa_type=Text)
    departs_at: datetime = Field(sa_type=TIMESTAMPTZ)
    arrives_at: datetime = Field(sa_type=TIMESTAMPTZ)
    estimated_departs_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    estimated_arrives_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    aircraft_type: str = Field(sa_type=Text)
    tail_number: str | None = Field(default=None, sa_type=Text)
    distance_km: int
    status: str = Field(default="scheduled", sa_type=Text)
    delay_minutes: int = 0
    simulated: bool = False
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)


class FlightOutcome(SQLModel, table=True):
    """What really happened to a flight, and from when on it can be known."""

    __tablename__ = "flight_outcomes"
    __table_args__ = {"schema": "app"}

    flight_id: UUID = Field(primary_key=True, foreign_key="app.flights.id")
    kind: str = Field(sa_type=Text)
    departure_delay_minutes: int | None = None
    arrival_delay_minutes: int | None = None
    known_at: datetime = Field(sa_type=TIMESTAMPTZ)
    applied_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class MinimumConnection(SQLModel, table=True):
    """How long a change of flights takes at one airport. Null is the default of the rules."""

    __tablename__ = "minimum_connections"
    __table_args__ = {"schema": "app"}

    airport: str = Field(primary_key=True, sa_type=Text)
    domestic_domestic_minutes: int | None = None
    domestic_international_minutes: int | None = None
    international_domestic_minutes: int | None = None
    international_international_minutes: int | None = None
    version: int = 1
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)
