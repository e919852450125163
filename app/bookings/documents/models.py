"""The tables of documents: what was issued, under which number, and who is named on it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class DocumentRow(SQLModel, table=True):
    """One issued document. `facts` are all it says but the names; `sha256` is of the file made of both."""

    __tablename__ = "documents"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(primary_key=True)
    booking_id: UUID
    kind: str = Field(sa_type=Text)
    revision: int
    number: str | None = Field(default=None, sa_type=Text)
    refund_id: UUID | None = None
    template: str = Field(sa_type=Text)
    facts: dict[str, Any] = Field(sa_type=JSONB, nullable=False)
    sha256: str = Field(sa_type=Text)
    issued_at: datetime


class DocumentSeries(SQLModel, table=True):
    """The last number of a series. Its row is locked until the document with the number is committed."""

    __tablename__ = "document_series"
    __table_args__ = {"schema": "app"}

    series: str = Field(primary_key=True, sa_type=Text)
    last_number: int


class DocumentName(SQLModel, table=True):
    """The name a document gave a person, sealed under that person's key: erasing the person ends it."""

    __tablename__ = "document_names"
    __table_args__ = {"schema": "vault"}

    document_id: UUID = Field(primary_key=True)
    subject_id: UUID = Field(primary_key=True)
    sealed: bytes = Field(sa_type=LargeBinary)
