"""Receipts, invoices and credit notes as PDF: the same facts and names give the same bytes.

reportlab leaves out the time and the random id when it is told to be invariant. A layout once used is kept
under its version in `service.TEMPLATES`, or what was issued with it could not be made again.
"""

import io
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Table, TableStyle

from app.bookings.documents.schemas import DocumentKind
from app.bookings.documents.texts import FONT, amount, day, font, local, name_of

ISSUER = "Contrail"
MARGIN = 20 * mm
TITLES = {
    DocumentKind.RECEIPT: "Electronic ticket receipt",
    DocumentKind.INVOICE: "Invoice",
    DocumentKind.CREDIT_NOTE: "Credit note",
}
_BODY = ParagraphStyle("body", fontName=FONT, fontSize=9, leading=12)
_SMALL = ParagraphStyle("small", parent=_BODY, fontSize=7.5, leading=10, textColor=colors.grey)
_HEAD = ParagraphStyle("head", parent=_BODY, fontSize=11, leading=15, spaceBefore=8, spaceAfter=3)
_TITLE = ParagraphStyle("title", parent=_BODY, fontSize=18, leading=24)
_RIGHT = ParagraphStyle("right", parent=_BODY, alignment=2)
_GRID = TableStyle(
    [
        ("FONTNAME", (0, 0), (-1, -1), FONT),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.lightgrey),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
)

People = dict[str, dict[str, str]]


def render(
    kind: DocumentKind,
    facts: dict[str, Any],
    people: People,
    number: str | None,
    revision: int,
    issued_at: datetime,
) -> bytes:
    """A4 pages. `people` are the names by subject id."""
    font()
    title = f"{TITLES[kind]} {number}" if number else TITLES[kind]
    page: list[Flowable] = [
        _text(ISSUER, _SMALL),
        _text(title, _TITLE),
        _text(f"Booking {facts['pnr']}, issued on {day(issued_at)} (UTC)"),
    ]
    if revision > 1 and number is None:
        page.append(_text(f"Revision {revision}; it takes the place of those before", _SMALL))
    page += _receipt(facts, people) if kind is DocumentKind.RECEIPT else _bill(kind, facts, people)
    drawn = io.BytesIO()
    SimpleDocTemplate(
        drawn,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=f"{title}, booking {facts['pnr']}",
        author=ISSUER,
        invariant=1,
    ).build(page)
    return drawn.getvalue()


def _receipt(facts: dict[str, Any], people: People) -> list[Flowable]:
    currency = facts["currency"]
    page = [_text("Flights", _HEAD), _flights(facts["flights"])]
    for passenger in facts["passengers"]:
        page += [
            _text(f"{name_of(people.get(passenger['subject_id']))} ({passenger['type']})", _HEAD),
            _text(f"Ticket {passenger['ticket_number']}, fare basis {', '.join(passenger['fare_bases'])}"),
            _amounts(passenger["lines"], currency, passenger["total_minor"]),
        ]
    page += [_text("Payment", _HEAD)]
    page += [
        _text(
            f"{amount(paid['amount_minor'], paid['currency'])} by {paid['how']} on "
            f"{day(datetime.fromisoformat(paid['at']))}"
        )
        for paid in facts["payments"]
    ]
    page += [_text("Conditions", _HEAD), *(_text(line) for line in facts["conditions"])]
    return page


def _bill(kind: DocumentKind, facts: dict[str, Any], people: People) -> list[Flowable]:
    currency = facts["currency"]
    named = ", ".join(name_of(people.get(subject_id)) for subject_id in facts["subject_ids"])
    page = [_text(f"For the travel of {named}"), _text(f"Service sold on {facts['sold_on']}")]
    if kind is DocumentKind.CREDIT_NOTE and facts["corrects"]:
        page.append(_text(f"Corrects {', '.join(facts['corrects'])}"))
    page += [_text("Lines", _HEAD), _amounts(facts["lines"], currency, facts["total_minor"])]
    if facts["taxes"]:
        page += [
            _text("Of which taxes, fees and charges", _HEAD),
            _amounts(facts["taxes"], currency, sum(tax["amount_minor"] for tax in facts["taxes"])),
        ]
    return page


def _flights(flights: list[dict[str, Any]]) -> Table:
    rows = [["Flight", "From", "To", "Departs", "Arrives", "Class"]]
    rows += [
        [
            f"{flight['airline']} {flight['flight_number']}",
            flight["origin"],
            flight["destination"],
            local(flight["departs_local"], flight["departs_zone"]),
            local(flight["arrives_local"], flight["arrives_zone"]),
            f"{flight['cabin']} {flight['fare_class']}",
        ]
        for flight in flights
    ]
    return _table(rows, [17, 12, 12, 52, 52, 25])


def _amounts(lines: list[dict[str, Any]], currency: str, total_minor: int) -> Table:
    rows: list[list[Any]] = [["Code", "What", _text("Amount", _RIGHT)]]
    rows += [
        [line["code"], line["description"], _text(amount(line["amount_minor"], currency), _RIGHT)]
        for line in lines
    ]
    rows.append(["", "Total", _text(amount(total_minor, currency), _RIGHT)])
    return _table(rows, [30, 105, 35])


def _table(rows: list[list[Any]], widths_mm: list[float]) -> Table:
    cells = [[_text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return Table(
        cells, colWidths=[width * mm for width in widths_mm], style=_GRID, repeatRows=1, hAlign="LEFT"
    )


def _text(text: str, style: ParagraphStyle = _BODY) -> Paragraph:
    return Paragraph(escape(text), style)
