"""The table of what letters are to prove."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import TIMESTAMP, LargeBinary, Text
from sqlmodel import Field, SQLModel

TIMESTAMPTZ = TIMESTAMP(timezone=True)


class MailToken(SQLModel, table=True):
    """Only the hash of the token a letter carries; the token is made from the id when it is written."""

    __tablename__ = "mail_tokens"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    purpose: str = Field(sa_type=Text)
    user_id: UUID
    token_hash: bytes = Field(sa_type=LargeBinary)
    requested_at: datetime = Field(sa_type=TIMESTAMPTZ)
    expires_at: datetime = Field(sa_type=TIMESTAMPTZ)
    used_at: datetime | None = Field(sa_type=TIMESTAMPTZ)
