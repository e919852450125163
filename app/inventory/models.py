"""The tables of inventory."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Text
from sqlmodel import Field, SQLModel


class CabinInventory(SQLModel, table=True):
    """One cabin of one flight. The arrays run in the order of `classes`, from the dearest down."""

    __tablename__ = "cabin_inventories"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    flight_id: UUID = Field(foreign_key="app.flights.id")
    cabin: str = Field(sa_type=Text)
    capacity: int
    authorised: int
    classes: list[str] = Field(sa_type=ARRAY(Text))
    limits: list[int] = Field(sa_type=ARRAY(Integer))
    held: list[int] = Field(sa_type=ARRAY(Integer))
    sold: list[int] = Field(sa_type=ARRAY(Integer))
    version: int = 1
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


class SeatHold(SQLModel, table=True):
    """Seats of one class kept for a booking until `expires_at`; counted in `held` until released."""

    __tablename__ = "seat_holds"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID = Field(foreign_key="app.bookings.id")
    flight_id: UUID = Field(foreign_key="app.flights.id")
    cabin: str = Field(sa_type=Text)
    fare_class: str = Field(sa_type=Text)
    seats: int
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    released_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    outcome: str | None = Field(default=None, sa_type=Text)
