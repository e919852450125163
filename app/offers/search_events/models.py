"""The table of search events."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, SmallInteger, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class SearchEventRow(SQLModel, table=True):
    """A search, or a look at one of its offers. Who looked is an id or a session's hash, never a name."""

    __tablename__ = "search_events"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    offer_request_id: UUID
    offer_id: UUID | None = None
    user_id: UUID | None = None
    session_hash: str | None = Field(default=None, sa_type=Text)
    source: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    destination: str = Field(sa_type=Text)
    departure_date: date
    slices: int = Field(sa_type=SmallInteger)
    stay_days: int | None = None
    cabin: str = Field(sa_type=Text)
    adults: int = Field(sa_type=SmallInteger)
    children: int = Field(sa_type=SmallInteger)
    infants: int = Field(sa_type=SmallInteger)
    max_stops: int | None = Field(default=None, sa_type=SmallInteger)
    sort: str | None = Field(default=None, sa_type=Text)
    offers_found: int | None = None
    total_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = Field(default=None, sa_type=Text)
    availability_age_ms: int | None = Field(default=None, sa_type=BigInteger)
    took_ms: int | None = None
    occurred_at: datetime = Field(sa_type=TIMESTAMPTZ)
    request_id: str = Field(sa_type=Text)
    simulated: bool = False
