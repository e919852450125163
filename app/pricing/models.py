"""The table of pricing."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Numeric, Text
from sqlmodel import Field, SQLModel


class FareProduct(SQLModel, table=True):
    """A brand sold in one fare class, with its conditions. A null condition is not stated."""

    __tablename__ = "fare_products"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    brand: str = Field(sa_type=Text)
    cabin: str = Field(sa_type=Text)
    fare_class: str = Field(sa_type=Text)
    fare_basis: str = Field(sa_type=Text)
    multiplier: Decimal = Field(sa_type=Numeric(6, 3))
    advance_purchase_days: int
    refund_allowed: bool | None = None
    refund_penalty_minor: int | None = Field(default=None, sa_type=BigInteger)
    change_allowed: bool | None = None
    change_penalty_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    valid_from: date
    valid_to: date | None = None
    minimum_stay_days: int = 0
