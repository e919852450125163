"""What an invoice and a credit note bill: whatever changed since the last one, so that all of a booking's
invoices and credit notes add up to what it costs now."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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


def plan_bills(
    items: Sequence[BilledItem],
    lines: Iterable[Line],
    refunds: Sequence[PaidBack],
    *,
    is_refund_pending: bool = False,
) -> list[Bill]:
    """The bills that are due. `lines` are those of all bills before, `refunds` those without a credit note.

    Without a refund all that has changed is one bill. With refunds, their credit notes bear what was given
    back and the penalties kept, also what took its place where that explains them; an invoice the rest."""
    due = _due(items, list(lines))
    if due.given_back and is_refund_pending:
        return []
    if not refunds:
        changed = (*due.sold, *due.given_back, *due.kept)
        return [_settled(changed)] if due.sold or sum(_amounts(changed)) else []
    back = sum(refund.amount_minor for refund in refunds)
    returned = [*due.sold_and_gone_off, *due.given_back, *due.kept]
    early, late = [*due.sold_and_gone, *due.sold], returned
    if sum(_amounts(returned)) != -back and sum(_amounts([*due.sold, *returned])) == -back:
        early, late = list(due.sold_and_gone), [*due.sold, *returned]
    rest = sum(_amounts([*due.sold, *due.given_back, *due.kept])) + back - sum(_amounts(early))
    early += _settlement(rest)
    return ([Bill(DocumentKind.INVOICE, None, tuple(early))] if early else []) + _notes(late, refunds)


@dataclass(frozen=True)
class _Due:
    """What is on no bill yet. What was sold and given back in between counts for nothing by itself."""

    sold: tuple[Line, ...]
    sold_and_gone: tuple[Line, ...]
    given_back: tuple[Line, ...]
    kept: tuple[Line, ...]

    @property
    def sold_and_gone_off(self) -> list[Line]:
        return [replace(line, amount_minor=-line.amount_minor) for line in self.sold_and_gone]


def _due(items: Sequence[BilledItem], before: Sequence[Line]) -> _Due:
    billed = {line.item_id for line in before if line.amount_minor >= 0}
    credited = {line.item_id for line in before if line.amount_minor < 0}
    penalties = [item for item in items if item.kind is ItemKind.PENALTY]
    sold = [item for item in items if item.kind is not ItemKind.PENALTY]
    new = [item for item in sold if item.id not in billed]
    back = [item for item in sold if item.id in billed - credited and item.status is LiveStatus.CANCELLED]
    return _Due(
        sold=tuple(_line(item) for item in new if item.status is LiveStatus.LIVE),
        sold_and_gone=tuple(_line(item) for item in new if item.status is LiveStatus.CANCELLED),
        given_back=tuple(_line(item, -1) for item in back if item.amount_minor),
        kept=tuple(
            _line(item) for item in penalties if item.status is LiveStatus.LIVE and item.id not in billed
        ),
    )


def _settled(lines: tuple[Line, ...]) -> Bill:
    """One bill for all of it: a credit note where more was given back than sold, as travel credit."""
    is_invoice = sum(_amounts(lines)) >= 0
    return Bill(DocumentKind.INVOICE if is_invoice else DocumentKind.CREDIT_NOTE, None, lines)


def _notes(lines: Sequence[Line], refunds: Sequence[PaidBack]) -> list[Bill]:
    """A credit note for each refund; the first bears the lines."""
    notes = []
    for place, refund in enumerate(refunds):
        own = list(lines) if place == 0 else []
        rest = -refund.amount_minor - sum(_amounts(own))
        notes.append(Bill(DocumentKind.CREDIT_NOTE, refund.id, (*own, *_settlement(rest))))
    return notes


def _settlement(rest_minor: int) -> list[Line]:
    if rest_minor == 0:
        return []
    return [Line(None, "settlement", "SETTLED", "Settled by other payments", rest_minor)]


def _amounts(lines: Iterable[Line]) -> Iterator[int]:
    return (line.amount_minor for line in lines)


def number_of(kind: DocumentKind, year: int, place: int) -> str:
    return f"{series_of(kind, year)}-{place:06d}"


def series_of(kind: DocumentKind, year: int) -> str:
    """Numbers begin anew each year, by UTC."""
    return f"{'INV' if kind is DocumentKind.INVOICE else 'CRN'}-{year}"


def _line(item: BilledItem, sign: int = 1) -> Line:
    return Line(item.id, item.kind, item.code, item.description, sign * item.amount_minor)
