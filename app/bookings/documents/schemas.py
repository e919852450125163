"""What callers are shown of a booking's documents, and what a document is made of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from app.core.http import Schema
from app.core.ids import BookingId, DocumentId, RefundId
from app.core.money import Money


class DocumentKind(StrEnum):
    RECEIPT = "receipt"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    ITINERARY = "itinerary"


class DocumentFile(StrEnum):
    """The newest document of each kind, by the name of its file."""

    RECEIPT = "receipt.pdf"
    INVOICE = "invoice.pdf"
    CREDIT_NOTE = "credit-note.pdf"
    ITINERARY = "itinerary.ics"

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind[self.name]


class Document(Schema):
    """An issued document. The file behind `href` is the same byte for byte each time it is read."""

    id: DocumentId
    booking_id: BookingId
    kind: DocumentKind
    revision: int = Field(description="Of this kind, for this booking, from 1 up")
    number: str | None = Field(
        description="Of invoices and credit notes: a series without gaps", examples=["INV-2026-000123"]
    )
    refund_id: RefundId | None = Field(description="Of a credit note: the refund it is for")
    total: Money | None = Field(description="Negative on a credit note; null where it states no total")
    media_type: str = Field(examples=["application/pdf"])
    sha256: str = Field(description="Of the file, in hexadecimal")
    issued_at: datetime
    href: str


class Documents(Schema):
    """A booking's documents, the oldest first."""

    data: list[Document]


@dataclass(frozen=True)
class File:
    """A document's bytes. `is_original` is false when they are not those issued: a name was erased."""

    name: str
    media_type: str
    content: bytes
    sha256: str
    is_original: bool
