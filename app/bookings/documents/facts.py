"""What each document says but for the names, as plain JSON: put together once, when it is issued."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.bookings.documents import zones as clocks
from app.bookings.documents.rules import Bill
from app.bookings.documents.texts import amount
from app.bookings.models import BookingRow, ItemRow, PassengerRow, SegmentRow, TicketRow
from app.bookings.schemas import BookingStatus, ItemKind, LiveStatus, TicketStatus
from app.flights.schemas import FlightStatus, FlightView
from app.payments.schemas import Payment
from app.pricing.schemas import Condition, Conditions

Facts = dict[str, Any]


def receipt(
    booking: BookingRow,
    passengers: Sequence[PassengerRow],
    segments: Sequence[SegmentRow],
    flown: dict[UUID, FlightView],
    items: Sequence[ItemRow],
    tickets: Sequence[TicketRow],
    payments: Sequence[Payment],
    conditions: Sequence[Conditions],
) -> Facts:
    """Of the live flights, the issued tickets, and what each passenger's costs."""
    issued = {
        ticket.passenger_id: ticket.number for ticket in tickets if ticket.status == TicketStatus.ISSUED
    }
    return {
        "pnr": booking.pnr,
        "currency": booking.currency,
        "flights": [_flight(segment, flown[segment.flight_id]) for segment in segments if _is_live(segment)],
        "passengers": [
            _passenger(passenger, issued[passenger.id], items)
            for passenger in passengers
            if passenger.id in issued
        ],
        "payments": [_payment(payment) for payment in payments],
        "conditions": list(dict.fromkeys(line for each in conditions for line in _conditions(each))),
    }


def bill(
    booking: BookingRow, passengers: Sequence[PassengerRow], due: Bill, corrects: Sequence[str]
) -> Facts:
    """Of an invoice or credit note. `corrects` are the numbers of the invoices before."""
    lines = [asdict(line) | {"item_id": line.item_id and str(line.item_id)} for line in due.lines]
    sold_at = booking.ticketed_at or booking.created_at
    return {
        "pnr": booking.pnr,
        "currency": booking.currency,
        "subject_ids": [str(passenger.subject_id) for passenger in passengers],
        "sold_on": f"{sold_at.astimezone(UTC):%d %b %Y}",
        "lines": lines,
        "taxes": _by_code([line for line in lines if line["kind"] in (ItemKind.TAX, ItemKind.FEE)]),
        "total_minor": due.total_minor,
        "corrects": list(corrects),
    }


def itinerary(booking: BookingRow, segments: Sequence[SegmentRow], flown: dict[UUID, FlightView]) -> Facts:
    """Of every flight that was ever part of the booking: a calendar has to be told of those that are off."""
    zones: dict[str, Any] = {}
    booked = [flown[segment.flight_id] for segment in segments]
    first = min(flight.departs_at for flight in booked)
    last = max(flight.arrives_at for flight in booked)
    for zone in sorted({zone for flight in booked for zone in (flight.departs_zone, flight.arrives_zone)}):
        zones[zone] = clocks.zone_changes(zone, first, last)
    return {
        "pnr": booking.pnr,
        "flights": [
            _flight(segment, flown[segment.flight_id])
            | {
                "segment_id": segment.id.hex,
                "is_cancelled": not _is_live(segment)
                or flown[segment.flight_id].status is FlightStatus.CANCELLED,
            }
            for segment in segments
        ],
        "zones": zones,
    }


def is_receipt_due(booking: BookingRow) -> bool:
    return booking.status == BookingStatus.TICKETED


def _is_live(segment: SegmentRow) -> bool:
    return segment.status == LiveStatus.LIVE


def _flight(segment: SegmentRow, flight: FlightView) -> Facts:
    return {
        "airline": flight.airline,
        "flight_number": flight.flight_number,
        "origin": flight.origin,
        "destination": flight.destination,
        "departs_local": flight.departs_local.isoformat(),
        "departs_zone": flight.departs_zone,
        "arrives_local": flight.arrives_local.isoformat(),
        "arrives_zone": flight.arrives_zone,
        "cabin": segment.cabin,
        "fare_class": segment.fare_class,
    }


def _passenger(passenger: PassengerRow, number: str, items: Sequence[ItemRow]) -> Facts:
    own = [item for item in items if item.passenger_id == passenger.id and item.status == LiveStatus.LIVE]
    lines = [
        {"code": item.code, "description": item.description, "amount_minor": item.amount_minor}
        for item in own
    ]
    return {
        "subject_id": str(passenger.subject_id),
        "type": passenger.type,
        "ticket_number": number,
        "fare_bases": list(dict.fromkeys(item.code for item in own if item.kind == ItemKind.FARE)),
        "lines": lines,
        "total_minor": sum(item.amount_minor for item in own),
    }


def _payment(payment: Payment) -> Facts:
    card = payment.card
    how = (
        f"{card.brand or 'card'} ending in {card.last4}" if card.last4 else payment.gateway.replace("_", " ")
    )
    return {
        "amount_minor": payment.amount.amount_minor,
        "currency": payment.amount.currency,
        "how": how,
        "at": (payment.captured_at or payment.created_at).astimezone(UTC).isoformat(),
    }


def _conditions(stated: Conditions) -> list[str]:
    return [
        _condition("Changes before departure", stated.change_before_departure),
        _condition("Refund before departure", stated.cancel_before_departure),
    ]


def _condition(what: str, stated: Condition | None) -> str:
    if stated is None:
        return f"{what}: not stated"
    if not stated.allowed:
        return f"{what}: not allowed"
    penalty = stated.penalty
    if penalty is None or penalty.amount_minor == 0:
        return f"{what}: allowed without a fee"
    return f"{what}: allowed for {amount(penalty.amount_minor, penalty.currency)} a passenger"


def _by_code(lines: Sequence[Facts]) -> list[Facts]:
    """One line a tax, in the order they first appear."""
    found: dict[str, Facts] = {}
    for line in lines:
        known = found.setdefault(
            line["code"], {"code": line["code"], "description": line["description"], "amount_minor": 0}
        )
        known["amount_minor"] += line["amount_minor"]
    return list(found.values())


def issue_time(now: datetime) -> datetime:
    """To the second: what a document says of its time must survive a round trip through any format."""
    return now.astimezone(UTC).replace(microsecond=0)
