"""Issuing a booking's documents, and making their files again byte for byte.

A document is issued when it is first asked for after there is reason for it. Only what it says is kept: the
file is made anew each time and compared with the hash of the first."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import store as bookings
from app.bookings.access import get_own_booking_for_update
from app.bookings.documents import facts, rules, store
from app.bookings.documents.errors import DocumentNotFound
from app.bookings.documents.models import DocumentRow
from app.bookings.documents.schemas import Document, DocumentFile, DocumentKind, Documents, File
from app.bookings.models import BookingRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.schemas import ItemKind, LiveStatus
from app.core import clock, vault
from app.core.ids import encode, uuid7
from app.core.money import Money
from app.core.security import Caller
from app.flights import service as flights
from app.flights.schemas import FlightView
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.payments.schemas import Refund
from app.pricing import service as pricing

MEDIA_TYPES = dict.fromkeys(DocumentKind, "application/pdf") | {
    DocumentKind.ITINERARY: "text/calendar; charset=utf-8"
}
TEMPLATE = "1"
NAME_KIND = "document_name"
# Why what was sold is paid back; any other refund of a whole payment is of one that came for nothing.
SALE_REASONS = ("cancellation", "change")

log = structlog.get_logger("contrail.documents")

People = dict[str, dict[str, str]]


@dataclass(frozen=True)
class _Booked:
    """What documents are made of."""

    booking: BookingRow
    passengers: Sequence[PassengerRow]
    segments: Sequence[SegmentRow]
    items: Sequence[ItemRow]
    flown: dict[UUID, FlightView]
    people: People
    now: datetime


async def list_documents(session: AsyncSession, caller: Caller, booking_id: UUID) -> Documents:
    """Issue what is due and list all. Locks the booking, then a number series. Raises BookingNotFound."""
    rows = await _issue_due(session, caller, booking_id)
    return Documents(data=[_shown(row) for row in rows])


async def get_newest(session: AsyncSession, caller: Caller, booking_id: UUID, name: DocumentFile) -> File:
    """The newest document of a kind. Raises BookingNotFound, DocumentNotFound."""
    rows = await _issue_due(session, caller, booking_id)
    return await _file(session, [row for row in rows if row.kind == name.kind])


async def get_file(session: AsyncSession, caller: Caller, booking_id: UUID, document_id: UUID) -> File:
    """One document, also one that a later revision has replaced. Raises BookingNotFound, DocumentNotFound."""
    await get_own_booking_for_update(session, booking_id, caller)
    rows = await store.find_documents(session, booking_id)
    return await _file(session, [row for row in rows if row.id == document_id])


async def _issue_due(session: AsyncSession, caller: Caller, booking_id: UUID) -> Sequence[DocumentRow]:
    booking = await get_own_booking_for_update(session, booking_id, caller)
    if booking.ticketed_at is None:
        return []
    issued = await store.find_documents(session, booking.id)
    booked = await _load(session, booking)
    if facts.is_receipt_due(booking):
        await _issue_if_new(session, booked, issued, DocumentKind.RECEIPT, await _receipt(session, booked))
    itinerary = facts.itinerary(booking, booked.segments, booked.flown)
    await _issue_if_new(session, booked, issued, DocumentKind.ITINERARY, itinerary)
    # Last, for everybody's bills wait for the series of numbers, and making a file takes its time.
    await _issue_bills(session, booked, issued)
    return await store.find_documents(session, booking.id)


async def _load(session: AsyncSession, booking: BookingRow) -> _Booked:
    passengers = await bookings.find_passengers(session, [booking.id])
    segments = await bookings.find_segments(session, [booking.id])
    people = await vault.get_people(session, [passenger.subject_id for passenger in passengers])
    return _Booked(
        booking=booking,
        passengers=passengers,
        segments=segments,
        items=await bookings.find_items(session, booking.id),
        flown=await flights.get_flights(session, [segment.flight_id for segment in segments]),
        people={str(subject_id): _name(person) for subject_id, person in people.items()},
        now=facts.issue_time(await clock.now(session)),
    )


async def _receipt(session: AsyncSession, booked: _Booked) -> facts.Facts:
    products = dict.fromkeys(segment.fare_product_id for segment in booked.segments)
    conditions = [(await pricing.get_fare_product(session, product_id)).conditions for product_id in products]
    return facts.receipt(
        booked.booking,
        booked.passengers,
        booked.segments,
        booked.flown,
        booked.items,
        await bookings.find_tickets(session, booked.booking.id),
        await payments.list_captured(session, booked.booking.id),
        conditions,
    )


async def _issue_bills(session: AsyncSession, booked: _Booked, issued: Sequence[DocumentRow]) -> None:
    """Invoices and credit notes for what has changed since the last ones."""
    booking = booked.booking
    noted = {row.refund_id for row in issued}
    taken = {each.id: each.amount for each in await payments.list_captured(session, booking.id)}
    paid_back = [
        rules.PaidBack(refund.id, refund.amount.amount_minor)
        for refund in await refunds.list_done(session, booking.id)
        if refund.id not in noted and _gives_something_back(refund, taken)
    ]
    lines = [_line(line) for row in issued for line in row.facts.get("lines", [])]
    corrects = [row.number for row in issued if row.kind == DocumentKind.INVOICE and row.number]
    pending = await refunds.is_any_pending(session, booking.id)
    items = [_billed(item) for item in booked.items]
    for due in rules.plan_bills(items, lines, paid_back, is_refund_pending=pending):
        place = await store.take_number_for_update(session, rules.series_of(due.kind, booked.now.year))
        number = rules.number_of(due.kind, booked.now.year, place)
        said = facts.bill(booking, booked.passengers, due, corrects)
        revision = 1 + sum(row.kind == due.kind for row in await store.find_documents(session, booking.id))
        await _issue(session, booked, due.kind, revision, said, number, due.refund_id)
        if due.kind is DocumentKind.INVOICE:
            corrects.append(number)


async def _issue_if_new(
    session: AsyncSession,
    booked: _Booked,
    issued: Sequence[DocumentRow],
    kind: DocumentKind,
    said: facts.Facts,
) -> None:
    """A first document of the kind, or another revision once it would say something else."""
    before = [row for row in issued if row.kind == kind]
    # As the database gives it back, so that like is compared with like.
    said = json.loads(json.dumps(said))
    if before and before[-1].facts == said:
        names = await _names(session, before[-1])
        if kind is DocumentKind.ITINERARY or names == booked.people:
            return
    await _issue(session, booked, kind, len(before) + 1, said)


async def _issue(
    session: AsyncSession,
    booked: _Booked,
    kind: DocumentKind,
    revision: int,
    said: facts.Facts,
    number: str | None = None,
    refund_id: UUID | None = None,
) -> None:
    document_id = uuid7()
    people = {} if kind is DocumentKind.ITINERARY else booked.people
    values: dict[str, Any] = {
        "id": document_id,
        "booking_id": booked.booking.id,
        "kind": kind,
        "revision": revision,
        "number": number,
        "refund_id": refund_id,
        "template": TEMPLATE,
        "facts": said,
        "issued_at": booked.now,
    }
    made = _render(DocumentRow(**values, sha256=""), people)
    await store.insert_document(session, values | {"sha256": hashlib.sha256(made).hexdigest()})
    sealed = [
        {
            "document_id": document_id,
            "subject_id": UUID(subject_id),
            "sealed": await vault.seal(session, UUID(subject_id), json.dumps(person).encode(), NAME_KIND),
        }
        for subject_id, person in sorted(people.items())
    ]
    if sealed:
        await store.insert_names(session, sealed)


async def _file(session: AsyncSession, found: Sequence[DocumentRow]) -> File:
    """The newest of those found, made again. Raises DocumentNotFound."""
    if not found:
        raise DocumentNotFound()
    row = found[-1]
    made = _render(row, await _names(session, row))
    sha256 = hashlib.sha256(made).hexdigest()
    if sha256 != row.sha256:
        # A person on it was erased. Anything else is a fault: a template or a library has changed.
        log.warning("document_differs", document_id=encode("doc", row.id), template=row.template)
    kind = DocumentKind(row.kind)
    suffix = "ics" if kind is DocumentKind.ITINERARY else "pdf"
    name = row.number or f"{row.kind}-{row.facts['pnr']}-{row.revision}"
    return File(f"{name}.{suffix}", MEDIA_TYPES[kind], made, sha256, sha256 == row.sha256)


def _render_first(row: DocumentRow, people: People) -> bytes:
    from app.bookings.documents import calendar, pdf

    if row.kind == DocumentKind.ITINERARY:
        return calendar.render(row.facts, row.revision, row.issued_at)
    return pdf.render(DocumentKind(row.kind), row.facts, people, row.number, row.revision, row.issued_at)


# Every version ever issued with stays here, so that its documents can be made again.
TEMPLATES: dict[str, Callable[[DocumentRow, People], bytes]] = {"1": _render_first}


def _render(row: DocumentRow, people: People) -> bytes:
    return TEMPLATES[row.template](row, people)


async def _names(session: AsyncSession, row: DocumentRow) -> People:
    """The names as they were when the document was issued, but of those erased since."""
    found: People = {}
    for name in await store.find_names(session, row.id):
        try:
            plain = await vault.unseal(session, name.subject_id, name.sealed, NAME_KIND)
        except vault.SubjectUnknown:
            continue
        found[str(name.subject_id)] = json.loads(plain)
    return found


def _name(person: dict[str, str]) -> dict[str, str]:
    return {key: person[key] for key in ("given_name", "family_name") if key in person}


def _gives_something_back(refund: Refund, taken: dict[UUID, Money]) -> bool:
    """False for money that never bought anything, and went back whole as it had come."""
    return refund.reason in SALE_REASONS or refund.amount != taken.get(refund.payment_id)


def _billed(item: ItemRow) -> rules.BilledItem:
    return rules.BilledItem(
        id=item.id,
        kind=ItemKind(item.kind),
        code=item.code,
        description=item.description,
        amount_minor=item.amount_minor,
        status=LiveStatus(item.status),
    )


def _line(line: dict[str, Any]) -> rules.Line:
    return rules.Line(**(line | {"item_id": UUID(line["item_id"]) if line["item_id"] else None}))


def _shown(row: DocumentRow) -> Document:
    total = row.facts.get("total_minor")
    return Document(
        id=row.id,
        booking_id=row.booking_id,
        kind=DocumentKind(row.kind),
        revision=row.revision,
        number=row.number,
        refund_id=row.refund_id,
        total=None if total is None else Money(amount_minor=total, currency=row.facts["currency"]),
        media_type=MEDIA_TYPES[DocumentKind(row.kind)],
        sha256=row.sha256,
        issued_at=row.issued_at,
        href=f"/v1/bookings/{encode('bkg', row.booking_id)}/documents/{encode('doc', row.id)}/file",
    )
