"""The table of offers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class OfferRequest(SQLModel, table=True):
    """One search with all its offers. Never captured; the offer that is chosen is copied into its booking."""

    __tablename__ = "offer_requests"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID | None = None
    origin: str = Field(sa_type=Text)
    destination: str = Field(sa_type=Text)
    departure_date: date
    cabin: str = Field(sa_type=Text)
    passengers: list[Any] = Field(sa_type=JSONB, nullable=False)
    offers: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    availability_as_of: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)
    request_id: str = Field(sa_type=Text)
    simulated: bool = False
