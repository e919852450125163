"""The table of API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, TIMESTAMP, LargeBinary, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class ApiKeyRow(SQLModel, table=True):
    """Only the hash: who reads this table cannot call with it. `prefix` lets its owner tell keys apart."""

    __tablename__ = "api_keys"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID
    name: str = Field(sa_type=Text)
    prefix: str = Field(sa_type=Text)
    key_hash: bytes = Field(sa_type=LargeBinary)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
    revoked_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
    last_used_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
    replaced_by: UUID | None = None
