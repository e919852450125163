"""The history of the controls."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Integer, Text
from sqlmodel import Field, SQLModel


class ControlChangeRow(SQLModel, table=True):
    """One change of one cabin's controls: who, when, why, from what to what."""

    __tablename__ = "control_changes"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    cabin_inventory_id: UUID = Field(foreign_key="app.cabin_inventories.id")
    flight_id: UUID = Field(foreign_key="app.flights.id")
    cabin: str = Field(sa_type=Text)
    version: int
    classes: list[str] = Field(sa_type=ARRAY(Text))
    capacity_before: int
    capacity_after: int
    authorised_before: int
    authorised_after: int
    limits_before: list[int] = Field(sa_type=ARRAY(Integer))
    limits_after: list[int] = Field(sa_type=ARRAY(Integer))
    reason: str = Field(sa_type=Text)
    changed_by: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    request_id: str = Field(sa_type=Text)
