"""The tables the core itself writes: events, idempotency records, the heartbeat, and the vault's people."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class DomainEvent(SQLModel, table=True):
    """Append-only: the database refuses to update or delete one."""

    __tablename__ = "domain_events"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    type: str = Field(sa_type=Text)
    entity_type: str = Field(sa_type=Text)
    entity_id: UUID
    booking_id: UUID | None
    subject_id: UUID | None
    actor_id: UUID | None
    payload: dict[str, Any] = Field(sa_type=JSONB)
    occurred_at: datetime = Field(sa_type=TIMESTAMPTZ)
    recorded_at: datetime = Field(sa_type=TIMESTAMPTZ)
    request_id: str = Field(sa_type=Text)
    simulated: bool


class IdempotencyRecord(SQLModel, table=True):
    __tablename__ = "idempotency_records"
    __table_args__ = {"schema": "app"}

    caller: str = Field(primary_key=True, sa_type=Text)
    route: str = Field(primary_key=True, sa_type=Text)
    key: str = Field(primary_key=True, sa_type=Text)
    body_hash: bytes = Field(sa_type=LargeBinary)
    status_code: int
    response: Any = Field(sa_type=JSONB, nullable=False)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)


class Heartbeat(SQLModel, table=True):
    """One row the connector touches, so that a silent database still moves its slot."""

    __tablename__ = "heartbeat"
    __table_args__ = {"schema": "app"}

    id: int = Field(primary_key=True, sa_type=SmallInteger)
    beat_at: datetime = Field(sa_type=TIMESTAMPTZ)


class Person(SQLModel, table=True):
    """A sealed envelope: who a subject is, under a key that is itself sealed."""

    __tablename__ = "people"
    __table_args__ = {"schema": "vault"}

    subject_id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    key_version: str = Field(sa_type=Text)
    wrapped_key: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)


class Secret(SQLModel, table=True):
    """A sealed envelope with a secret that is a user's own: a webhook's key, the seed of a second factor."""

    __tablename__ = "secrets"
    __table_args__ = {"schema": "vault"}

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    key_version: str = Field(sa_type=Text)
    wrapped_key: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
