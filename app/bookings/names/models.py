"""The table of name corrections: how much was corrected and when, never what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from app.core.models import TIMESTAMPTZ


class NameCorrection(SQLModel, table=True):
    __tablename__ = "name_corrections"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    passenger_id: UUID
    letters: int
    is_swap: bool
    corrected_at: datetime = Field(sa_type=TIMESTAMPTZ)
    actor: str = Field(sa_type=Text)
    request_id: str = Field(sa_type=Text)
