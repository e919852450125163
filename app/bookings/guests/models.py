"""The table of wrong guesses."""

from datetime import datetime

from sqlalchemy import TIMESTAMP, LargeBinary
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class GuestAttempt(SQLModel, table=True):
    """How often a locator, or an address, was guessed wrong in one window; both as keyed hashes."""

    __tablename__ = "guest_attempts"
    __table_args__ = {"schema": "app"}

    key_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    failures: int
    window_ends_at: datetime = Field(sa_type=TIMESTAMPTZ)
