"""The rules the streams evaluate: data, versioned and effective-dated."""

from datetime import datetime
from typing import Any

from sqlalchemy import TIMESTAMP, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class FraudRule(SQLModel, table=True):
    __tablename__ = "fraud_rules"
    __table_args__ = {"schema": "app"}

    id: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True)
    title: str = Field(sa_type=Text)
    rule_group: str = Field(sa_type=Text)
    windows: list[dict[str, Any]] = Field(sa_type=JSONB)
    weight: int
    mode: str = Field(sa_type=Text)
    effective_from: datetime = Field(sa_type=TIMESTAMPTZ)
    effective_to: datetime | None = Field(sa_type=TIMESTAMPTZ)
