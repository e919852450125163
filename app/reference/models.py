"""The reference tables, filled by the loader of the schedule."""

from typing import Any
from uuid import UUID

from sqlalchemy import Double, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Airport(SQLModel, table=True):
    __tablename__ = "airports"
    __table_args__ = {"schema": "app"}

    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    city: str = Field(sa_type=Text)
    country: str = Field(sa_type=Text)
    latitude: float = Field(sa_type=Double)
    longitude: float = Field(sa_type=Double)
    zone: str = Field(sa_type=Text)
    simulated: bool = False


class Airline(SQLModel, table=True):
    __tablename__ = "airlines"
    __table_args__ = {"schema": "app"}

    code: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    simulated: bool = False


class AircraftType(SQLModel, table=True):
    """`cabins` is the number of seats by cabin, front to back."""

    __tablename__ = "aircraft_types"
    __table_args__ = {"schema": "app"}

    code: str = Field(primary_key=True, sa_type=Text)
    manufacturer: str = Field(sa_type=Text)
    model: str = Field(sa_type=Text)
    seats: int
    cabins: dict[str, Any] = Field(sa_type=JSONB, nullable=False)


class Route(SQLModel, table=True):
    __tablename__ = "routes"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    origin: str = Field(foreign_key="app.airports.code", sa_type=Text)
    destination: str = Field(foreign_key="app.airports.code", sa_type=Text)
    distance_km: int
    simulated: bool = False
