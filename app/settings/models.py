"""Every version of every setting and flag. Append-only: what held at any moment can be told for ever."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.core.models import TIMESTAMPTZ


class SettingVersion(SQLModel, table=True):
    """`value` holds from `effective_from` on in `environment`; null returns to the definition's default.

    Of several versions with one beginning the youngest counts, so a planned change is undone by another."""

    __tablename__ = "setting_versions"
    __table_args__ = {"schema": "app"}

    kind: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(primary_key=True)
    environment: str = Field(sa_type=Text)
    value: Any = Field(sa_type=JSONB, nullable=True)
    effective_from: datetime = Field(sa_type=TIMESTAMPTZ)
    reason: str = Field(sa_type=Text)
    made_by: UUID | None
    made_at: datetime = Field(sa_type=TIMESTAMPTZ)
