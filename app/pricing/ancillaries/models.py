"""The table of ancillaries."""

from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text
from sqlmodel import Field, SQLModel


class AncillaryRow(SQLModel, table=True):
    """One thing on sale for one passenger on one flight, between two days."""

    __tablename__ = "ancillaries"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    code: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    zone: str | None = Field(default=None, sa_type=Text)
    description: str = Field(sa_type=Text)
    amount_minor: int = Field(sa_type=BigInteger)
    minor_per_1000_km: int = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    passenger_types: list[str] = Field(sa_type=ARRAY(Text))
    most: int
    min_distance_km: int
    valid_from: date
    valid_to: date | None = None
