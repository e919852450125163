"""The log of requests made with API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import TIMESTAMP, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class ApiRequestRow(SQLModel, table=True):
    """By the pattern of the route: no address, no query, no body."""

    __tablename__ = "api_requests"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    api_key_id: UUID
    method: str = Field(sa_type=Text)
    route: str = Field(sa_type=Text)
    status: int
    duration_ms: int
    request_id: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=TIMESTAMPTZ)
