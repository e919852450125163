"""What became of each booking that a disruption touched."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, SmallInteger, Text
from sqlalchemy import UUID as SQL_UUID
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class ScheduleChangeRow(SQLModel, table=True):
    """One slice of one booking that cannot be flown as it was bought. `segment_ids` are to be replaced."""

    __tablename__ = "schedule_changes"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    disruption_id: UUID
    booking_id: UUID
    flight_id: UUID
    kind: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    slice_number: int = Field(sa_type=SmallInteger)
    segment_ids: list[UUID] = Field(sa_type=ARRAY(SQL_UUID))
    proposal: str = Field(sa_type=Text)
    options: Any = Field(sa_type=JSONB, nullable=False)
    chosen: int | None = Field(default=None, sa_type=SmallInteger)
    is_seat_returned: bool = False
    respond_by: datetime = Field(sa_type=TIMESTAMPTZ)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    decided_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    version: int = 1
