"""Users without a personal column, their roles and sessions; and in the vault, how they log in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import TIMESTAMP, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class User(SQLModel, table=True):
    """Captured. Name, e-mail and phone are in the vault, under the user's own id as subject."""

    __tablename__ = "users"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    status: str = Field(sa_type=Text)
    email_hash: str = Field(sa_type=Text)
    prior_hashes: dict[str, Any] | None = Field(sa_type=JSONB, nullable=True)
    marketing_consent: bool
    simulated: bool
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    updated_at: datetime = Field(sa_type=TIMESTAMPTZ)


class UserRole(SQLModel, table=True):
    __tablename__ = "user_roles"
    __table_args__ = {"schema": "app"}

    user_id: UUID = Field(primary_key=True)
    role: str = Field(primary_key=True, sa_type=Text)
    granted_at: datetime = Field(sa_type=TIMESTAMPTZ)


class LoginSession(SQLModel, table=True):
    """One family of refresh tokens: it begins with a log-in and ends as a whole."""

    __tablename__ = "sessions"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)
    last_used_at: datetime = Field(sa_type=TIMESTAMPTZ)
    ended_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
    end_reason: str | None = Field(sa_type=Text)
    second_factor_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class RefreshToken(SQLModel, table=True):
    """Only the hash is kept: who reads this table cannot log in with it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = {"schema": "app"}

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    session_id: UUID
    issued_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)
    used_at: datetime | None = Field(sa_type=TIMESTAMPTZ)


class Login(SQLModel, table=True):
    __tablename__ = "logins"
    __table_args__ = {"schema": "vault"}

    user_id: UUID = Field(primary_key=True)
    email_lookup: bytes = Field(sa_type=LargeBinary)
    password_hash: str = Field(sa_type=Text)
    failed_attempts: int
    locked_until: datetime | None = Field(sa_type=TIMESTAMPTZ)
    email_verified_at: datetime | None = Field(default=None, sa_type=TIMESTAMPTZ)


class SessionOrigin(SQLModel, table=True):
    """From where a session was begun, sealed under its user's key."""

    __tablename__ = "session_origins"
    __table_args__ = {"schema": "vault"}

    session_id: UUID = Field(primary_key=True)
    user_id: UUID
    sealed: bytes = Field(sa_type=LargeBinary)


class Consent(SQLModel, table=True):
    """One decision of a user; the newest of a purpose counts, and all are kept to show when."""

    __tablename__ = "consents"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    user_id: UUID
    purpose: str = Field(sa_type=Text)
    is_given: bool
    decided_at: datetime = Field(sa_type=TIMESTAMPTZ)
    request_id: str = Field(sa_type=Text)
