"""The tables of extras. Private: the money they bring is seen in booking_items and payments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.models import TIMESTAMPTZ


class ExtrasOrderRow(SQLModel, table=True):
    """What was asked for in one go: all of it is had, or none."""

    __tablename__ = "extras_orders"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    status: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)
    applied_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class ExtrasLineRow(SQLModel, table=True):
    """One extra of an order; `item_id` once it is part of the booking."""

    __tablename__ = "extras_lines"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    order_id: UUID
    booking_id: UUID
    passenger_id: UUID
    segment_id: UUID | None = None
    code: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    fulfil_kind: str = Field(sa_type=Text)
    detail: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    item_id: UUID | None = None
