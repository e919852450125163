"""What an invoice and a credit note bill: whatever changed since the last one, so that all of a booking's
invoices and credit notes add up to what it costs now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.bookings.documents.schemas import DocumentKind
from app.bookings.schemas import ItemKind, LiveStatus


@dataclass(frozen=True)
class BilledItem:
    """An item of the booking, as far as billing goes."""

    id: UUID
    kind: ItemKind
    code: str
    description: str
    amount_minor: int
    status: LiveStatus


@dataclass(frozen=True)
class PaidBack:
    """A refund that has arrived."""

    id: UUID
    amount_minor: int


@dataclass(frozen=True)
class Line:
    """An amount on a document. A line of no item settles what items do not explain."""

    item_id: UUID | None
    kind: str
    code: str
    description: str
    amount_minor: int


@dataclass(frozen=True)
class Bill:
    """An invoice or credit note to be issued."""

    kind: DocumentKind
    refund_id: UUID | None
    lines: tuple[Line, ...]

    @property
    def total_minor(self) -> int:
        return sum(line.amount_minor for line in self.lines)


def plan_bills(items: Sequence[BilledItem], lines: Iterable[Line], refunds: Sequence[PaidBack]) -> list[Bill]:
    """The bills that are due. `lines` are those of all bills before, `refunds` those without a credit note.

    What was sold is invoiced once, also when it has been given back since. A refund's credit note takes off
    what was given back and keeps the penalty; without a refund, both go onto the next invoice."""
    before = list(lines)
    billed = {line.item_id for line in before if line.item_id and line.amount_minor >= 0}
    credited = {line.item_id for line in before if line.item_id and line.amount_minor < 0}
    new = [_line(item) for item in items if item.kind is not ItemKind.PENALTY and item.id not in billed]
    given_back = [
        _line(item, -1)
        for item in items
        if item.status is LiveStatus.CANCELLED and item.id not in credited and item.amount_minor
    ]
    kept = [
        _line(item)
        for item in items
        if item.kind is ItemKind.PENALTY and item.status is LiveStatus.LIVE and item.id not in billed
    ]
    settled = [*given_back, *kept]
    bills = []
    if new:
        bills.append(Bill(DocumentKind.INVOICE, None, tuple(new if refunds else [*new, *settled])))
    for place, refund in enumerate(refunds):
        own = settled if place == 0 else []
        rest = -refund.amount_minor - sum(line.amount_minor for line in own)
        balance = [Line(None, "settlement", "REFUND", "Settled by other payments", rest)] if rest else []
        bills.append(Bill(DocumentKind.CREDIT_NOTE, refund.id, (*own, *balance)))
    return bills


def number_of(kind: DocumentKind, year: int, place: int) -> str:
    return f"{series_of(kind, year)}-{place:06d}"


def series_of(kind: DocumentKind, year: int) -> str:
    """Numbers begin anew each year, by UTC."""
    return f"{'INV' if kind is DocumentKind.INVOICE else 'CRN'}-{year}"


def _line(item: BilledItem, sign: int = 1) -> Line:
    return Line(item.id, item.kind, item.code, item.description, sign * item.amount_minor)
