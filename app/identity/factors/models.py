"""The tables of second factors, both in the vault."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class SecondFactor(SQLModel, table=True):
    """A seed, sealed under its user's key. Until it is confirmed by a first code it opens nothing."""

    __tablename__ = "second_factors"
    __table_args__ = {"schema": "vault"}

    user_id: UUID = Field(primary_key=True)
    sealed_seed: bytes = Field(sa_type=LargeBinary)
    last_counter: int = Field(sa_type=BigInteger)
    failed_attempts: int
    locked_until: datetime | None = Field(sa_type=TIMESTAMPTZ)
    confirmed_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
    created_at: datetime = Field(sa_type=TIMESTAMPTZ)


class RecoveryCode(SQLModel, table=True):
    __tablename__ = "recovery_codes"
    __table_args__ = {"schema": "vault"}

    user_id: UUID = Field(primary_key=True)
    code_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    used_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
