"""A booking before it is written: all its rows, made in memory out of an offer and who asks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlmodel import SQLModel

from app.bookings import answers, offer_rows, rules, telling
from app.bookings.models import BookingRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.schemas import Booking, BookingRequest, BookingStatus, NewPassenger
from app.bookings.standing import Standing
from app.core import events, geography, hashes, vault
from app.core.context import current
from app.core.ids import uuid7
from app.flights.schemas import FlightView
from app.fraud import service as fraud
from app.inventory.schemas import NewHold, SeatRequest
from app.offers.schemas import Offer

CHANNEL = "api"
# What a row has before anything has happened to its booking.
_UNTOUCHED = dict.fromkeys(("confirmed_at", "ticketed_at", "cancelled_at", "expired_at")) | {"version": 1}


Row = TypeVar("Row", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class Draft:
    """The rows by column; `people` are sealed, and `names` are theirs by subject id."""

    booking: dict[str, Any]
    passengers: list[dict[str, Any]]
    segments: list[dict[str, Any]]
    items: list[dict[str, Any]]
    people: list[vault.Envelope]
    names: dict[UUID, dict[str, str]]
    event: events.NewEvent
    hold: NewHold

    @property
    def id(self) -> UUID:
        return self.hold.booking_id


def make(
    booking_id: UUID,
    pnr: str,
    user_id: UUID,
    request: BookingRequest,
    offer: Offer,
    clocks: rules.HoldClocks,
    now: datetime,
) -> Draft:
    """Raises PassengersDiffer."""
    contact_id = uuid7()
    booking = _booking_values(user_id, request, offer, clocks) | {
        "id": booking_id,
        "pnr": pnr,
        "contact_subject_id": contact_id,
        "created_at": now,
    }
    common: dict[str, Any] = {"booking_id": booking_id, "created_at": now}
    named = request.passengers
    passengers = [
        common | {"id": uuid7(), "subject_id": uuid7(), "type": passenger.type} for passenger in named
    ]
    segments = offer_rows.segment_rows(offer, common)
    names = {
        row["subject_id"]: {"given_name": passenger.given_name, "family_name": passenger.family_name}
        for row, passenger in zip(passengers, named, strict=True)
    }
    contact = request.contact.model_dump(exclude_none=True)
    wanted = seats_of(offer, named)
    flight_ids = [row["flight_id"] for row in segments]
    seats = rules.seats_needed([passenger.type for passenger in named])
    return Draft(
        booking=booking,
        passengers=passengers,
        segments=segments,
        items=_item_rows(offer, named, common, passengers, segments),
        people=[
            vault.seal_person("contact", contact_id, contact),
            *(vault.seal_person("passenger", *each) for each in names.items()),
        ],
        names=names,
        event=telling.created_event(_row(BookingRow, booking), flight_ids, seats),
        hold=NewHold(booking_id, wanted, clocks.payment_required_by),
    )


def seats_of(offer: Offer, named: Sequence[NewPassenger]) -> list[SeatRequest]:
    """The seats an offer takes for these passengers."""
    seats = rules.seats_needed([passenger.type for passenger in named])
    return [
        SeatRequest(segment.flight_id, segment.cabin, segment.fare_class, seats)
        for part in offer.slices
        for segment in part.segments
    ]


def show(draft: Draft, flights: Mapping[UUID, FlightView], now: datetime) -> Booking:
    """The booking as it will be read once it is written."""
    at = Standing(
        booking=_row(BookingRow, draft.booking | _UNTOUCHED),
        passengers=[_row(PassengerRow, values) for values in draft.passengers],
        segments=[_row(SegmentRow, values) for values in draft.segments],
        items=[_row(ItemRow, values) for values in draft.items],
        tickets=[],
        coupons=[],
        flights={row["flight_id"]: flights[row["flight_id"]] for row in draft.segments},
        # Conditions are of coupons, and there are none yet.
        products={},
        is_payment_open=False,
        now=now,
    )
    return answers.show_as(at, draft.names)


def _row(kind: type[Row], values: dict[str, Any]) -> Row:
    """What looks like a row: an object of the ORM costs ten times what is shown of it."""
    return cast(Row, SimpleNamespace(**values))


def _booking_values(
    user_id: UUID, request: BookingRequest, offer: Offer, clocks: rules.HoldClocks
) -> dict[str, Any]:
    context = current()
    who = fraud.entities(user_id=user_id, email=request.contact.email, phone=request.contact.phone)
    place = geography.place_of(context.ip) if context.ip else None
    surnames = {hashes.normalise_surname(passenger.family_name) for passenger in request.passengers}
    return {
        "user_id": user_id,
        "status": BookingStatus.HELD,
        "offer_id": offer.id,
        "channel": CHANNEL,
        "currency": offer.total.currency,
        "total_minor": offer.total.amount_minor,
        "passenger_count": len(request.passengers),
        "price_guarantee_expires_at": clocks.price_guarantee_expires_at,
        "payment_required_by": clocks.payment_required_by,
        "email_hash": who.email,
        "phone_hash": who.phone,
        "device_hash": who.device,
        "ip_hash": who.ip,
        "ip24_hash": who.ip24,
        "surname_hashes": sorted(hashes.keyed_hash("surname", surname) for surname in surnames),
        "prior_hashes": _prior_hashes(who, surnames),
        "distinct_surnames": len(surnames),
        "ip_country": place.country if place else None,
        "ip_airport": place.airport if place else None,
        "request_id": context.request_id,
        "simulated": context.is_simulated,
    }


def _prior_hashes(who: fraud.Entities, surnames: set[str]) -> dict[str, list[str]] | None:
    """The same people under older hash keys, while there are any."""
    older = [key for surname in sorted(surnames) for key in hashes.prior_hashes("surname", surname)]
    known = (who.prior() or {}) | ({"surname": older} if older else {})
    return known or None


def _item_rows(
    offer: Offer,
    named: Sequence[NewPassenger],
    common: dict[str, Any],
    passengers: Sequence[dict[str, Any]],
    segments: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    places = rules.match_passengers([price.type for price in offer.passengers], [each.type for each in named])
    return [
        item
        for passenger, place in zip(passengers, places, strict=True)
        for item in offer_rows.item_rows(offer, place, common, passenger["id"], segments)
    ]
