"""The table of exchange rates."""

from datetime import date
from decimal import Decimal

from sqlalchemy import Numeric, Text
from sqlmodel import Field, SQLModel


class FxRate(SQLModel, table=True):
    """Units of a currency for one euro on a day, as published. Days without a market have no row."""

    __tablename__ = "fx_rates"
    __table_args__ = {"schema": "app"}

    rate_date: date = Field(primary_key=True)
    currency: str = Field(primary_key=True, sa_type=Text)
    rate: Decimal = Field(sa_type=Numeric(18, 8))
    source: str = Field(sa_type=Text)
