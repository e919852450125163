"""The tables of changes. Private: what a change did is in segments, coupons, items and its event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.models import TIMESTAMPTZ


class ChangeRow(SQLModel, table=True):
    """A quote to change; the newest of a booking may be confirmed. The offer is kept as it was made."""

    __tablename__ = "changes"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    status: str = Field(sa_type=Text)
    offer_id: UUID
    offer: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    slice_numbers: list[int] = Field(sa_type=ARRAY(Integer), nullable=False)
    old_fare_minor: int = Field(sa_type=BigInteger)
    old_tax_minor: int = Field(sa_type=BigInteger)
    new_fare_minor: int = Field(sa_type=BigInteger)
    new_tax_minor: int = Field(sa_type=BigInteger)
    seats_back_minor: int = Field(sa_type=BigInteger)
    penalty_minor: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    quoted_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)
    confirmed_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    refund_ids: list[UUID] = Field(default_factory=list, sa_type=ARRAY(Uuid), nullable=False)
    residual_to: str = Field(default="payment", sa_type=Text)


class ChangeCouponRow(SQLModel, table=True):
    """What a change exchanges. A coupon is in at most one that was confirmed."""

    __tablename__ = "change_coupons"
    __table_args__ = {"schema": "app"}

    change_id: UUID = Field(primary_key=True)
    coupon_id: UUID = Field(primary_key=True)
    is_confirmed: bool = False
