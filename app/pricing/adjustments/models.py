"""The table of pricing rules."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, SmallInteger, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = DateTime(timezone=True)


class PricingRuleRow(SQLModel, table=True):
    """What changes fares while it holds. A condition that is null is met by everything."""

    __tablename__ = "pricing_rules"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    basis_points: int | None = None
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    cabin: str | None = Field(default=None, sa_type=Text)
    brand: str | None = Field(default=None, sa_type=Text)
    fare_class: str | None = Field(default=None, sa_type=Text)
    airline: str | None = Field(default=None, sa_type=Text)
    origin: str | None = Field(default=None, sa_type=Text)
    destination: str | None = Field(default=None, sa_type=Text)
    passenger_type: str | None = Field(default=None, sa_type=Text)
    departs_from: date | None = None
    departs_to: date | None = None
    weekdays: list[int] | None = Field(default=None, sa_type=ARRAY(SmallInteger))
    min_days_ahead: int | None = None
    max_days_ahead: int | None = None
    valid_from: datetime = Field(sa_type=TIMESTAMPTZ)
    valid_to: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)
    version: int = 1
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)
