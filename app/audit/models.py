"""The audit log and the chain that seals it. Both are append-only, also for their owner."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

from app.core.models import TIMESTAMPTZ


class AuditEntry(SQLModel, table=True):
    """Private. By month on its UUIDv7 key, as events are. `words` is made by the database."""

    __tablename__ = "audit_entries"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    action: str = Field(sa_type=Text)
    entity_type: str = Field(sa_type=Text)
    entity_id: str | None = Field(sa_type=Text)
    actor_kind: str = Field(sa_type=Text)
    actor_id: UUID | None
    actor_name: str | None = Field(sa_type=Text)
    actor_roles: list[str] = Field(sa_type=ARRAY(Text), nullable=False)
    before: dict[str, Any] | None = Field(sa_type=JSONB, nullable=True)
    after: dict[str, Any] | None = Field(sa_type=JSONB, nullable=True)
    reason: str | None = Field(sa_type=Text)
    request_id: str = Field(sa_type=Text)
    ip_hash: str | None = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=TIMESTAMPTZ)
    recorded_at: datetime = Field(sa_type=TIMESTAMPTZ)
    simulated: bool
    words: Any = Field(sa_type=TSVECTOR, nullable=False)


class AuditChainLink(SQLModel, table=True):
    """One sealed entry: its place, and the hash over it and everything before it."""

    __tablename__ = "audit_chain"
    __table_args__ = {"schema": "app"}

    position: int = Field(primary_key=True, sa_type=BigInteger)
    entry_id: UUID
    digest: bytes = Field(sa_type=LargeBinary)
    sealed_at: datetime = Field(sa_type=TIMESTAMPTZ)
