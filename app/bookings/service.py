"""Booking an offer and reading bookings back. Paying, cancelling and expiring are in the services beside."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import answers, offer_rows, rules, store, telling
from app.bookings.access import get_own_booking
from app.bookings.errors import BookingNotFound, MomentInFuture, TooManyHolds
from app.bookings.expiry_service import expire_dead_holds
from app.bookings.locators import new_locator
from app.bookings.models import BookingRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.payment_service import pay, resolve_stuck_payments
from app.bookings.schemas import (
    Answer,
    Booking,
    BookingHistory,
    BookingRequest,
    BookingStatus,
    BookingSummary,
    Hold,
    NewPassenger,
)
from app.core import clock, geography, hashes, vault
from app.core.context import current
from app.core.db import transaction
from app.core.idempotency import Idempotency
from app.core.ids import uuid7
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.flights import service as flights
from app.fraud import service as fraud
from app.inventory import service as inventory
from app.inventory.schemas import SeatRequest
from app.offers import service as offers
from app.offers.schemas import Offer
from app.payments import service as payments
from app.settings import service as settings
from app.settings.registry import CHECKOUT_HOLD, MAX_HOLDS_PER_USER, PAY_LATER

__all__ = [
    "book_and_pay",
    "create_booking",
    "expire_dead_holds",
    "get_booking",
    "get_history",
    "list_booking_ids",
    "list_bookings",
    "list_bookings_on",
    "resolve_stuck_payments",
]

CHANNEL = "api"


async def create_booking(
    session: AsyncSession, key: Idempotency, caller: Caller, request: BookingRequest
) -> Answer[Booking]:
    """Book an offer and hold its seats, once per key; a repeat gets the same answer.

    Raises OfferNotFound, OfferExpired, PassengersDiffer, FlightClosed, PayLaterRefused, SoldOut; Forbidden
    for a guest; TooManyHolds, FeatureOff."""
    _ = caller.user_id
    kept = await key.find(session)
    if kept is not None:
        return Answer(await answers.with_names(session, kept.response), kept.status_code, is_replay=True)
    now = await clock.now(session)
    offer = await offers.get_offer(session, request.offer_id, now)
    flight_ids = [segment.flight_id for part in offer.slices for segment in part.segments]
    booked = await flights.get_flights(session, flight_ids)
    for flight in booked.values():
        flights.ensure_open_for_sale(flight, now)

    departs_at = min(flight.departs_at for flight in booked.values())
    await _ensure_may_hold(session, caller, request.hold, now)
    checkout = await settings.get(session, CHECKOUT_HOLD, at=now)
    clocks = rules.hold_clocks(now, request.hold, departs_at, checkout)
    booking = await write_booking(session, caller, request, offer, clocks, now)
    segments = await write_parts(session, booking, request.passengers, offer)
    seats = rules.seats_needed([passenger.type for passenger in request.passengers])
    await telling.booking_created(session, booking, flight_ids, seats)
    body = await answers.show_booking(session, booking, now)
    # Without the names: they stay in the vault, and a repeat takes them from there.
    await key.store(session, 201, answers.without_names(body))
    wanted = [SeatRequest(row["flight_id"], row["cabin"], row["fare_class"], seats) for row in segments]
    await inventory.hold_seats(session, booking.id, wanted, now, booking.payment_required_by)
    return Answer(body, 201)


async def _ensure_may_hold(session: AsyncSession, caller: Caller, hold: Hold, now: datetime) -> None:
    """Raises TooManyHolds, and FeatureOff where holds are not paid for later. Counted without a lock: two at
    once may exceed the bound by one, which hoards nothing."""
    if hold is Hold.PAY_LATER:
        await settings.require(session, PAY_LATER, caller, at=now)
    most = await settings.get(session, MAX_HOLDS_PER_USER, at=now)
    if await store.count_live_holds(session, caller.user_id, now, most) >= most:
        raise TooManyHolds(f"at most {most} at a time: pay for one, or let it go")


async def book_and_pay(key: Idempotency, caller: Caller, request: BookingRequest) -> Answer[Booking]:
    """Book an offer and pay for it, once per key: the seats are held, then charged for as in any payment.

    A card that is declined leaves the hold, for another card. Repeating the key goes on where a crash, or a
    gateway that was away, left off. Raises what create_booking and a payment raise."""
    if request.payment is None:
        raise ValueError("there is no payment in the request")
    if request.payment.gateway is not None:
        await payments.look_up_card(request.payment.gateway, request.payment.card_token)
    async with transaction() as session:
        booked = await create_booking(session, key, caller, request)
    paying = replace(key, route=f"{key.route} (payment)")
    paid = await pay(paying, caller, booked.body.id, request.payment)
    async with transaction() as session:
        shown = await get_booking(session, caller, booked.body.id)
    body = shown.model_copy(update={"payment": paid.body})
    return Answer(body, paid.status_code, is_replay=booked.is_replay and paid.is_replay)


async def get_booking(
    session: AsyncSession, caller: Caller, booking_id: UUID, as_of: datetime | None = None
) -> Booking:
    """As it stands, or as it stood. Raises BookingNotFound, also for another's and for a moment before it was
    made; MomentInFuture."""
    booking, now = await get_own_booking(session, booking_id, caller), await clock.now(session)
    if as_of is None:
        return await answers.show_booking(session, booking, now)
    if as_of > now:
        raise MomentInFuture(f"it is {now.isoformat()}", pointer="/(query)/as_of")
    then = await answers.show_as_of(session, booking_id, as_of)
    if then is None:
        raise BookingNotFound(f"it was made at {booking.created_at.isoformat()}")
    return then


async def list_bookings(session: AsyncSession, caller: Caller, window: Window) -> Page[BookingSummary]:
    """One page, the newest first. Raises CursorInvalid."""
    now = await clock.now(session)
    rows = await store.list_bookings(
        session, caller.user_id, _place(window), window.limit + 1, is_backwards=window.is_backwards
    )
    return page_of([answers.summarise(row, now) for row in rows], window, [row.id.hex for row in rows])


async def list_booking_ids(session: AsyncSession, caller: Caller, limit: int = 200) -> list[UUID]:
    return [row.id for row in await store.list_bookings(session, caller.user_id, None, limit)]


async def list_bookings_on(
    session: AsyncSession, flight_id: UUID, limit: int, after: UUID | None = None
) -> list[UUID]:
    """Bookings, held or ticketed, that a flight is part of, by id."""
    return await store.list_booking_ids_on(session, flight_id, limit, after)


async def get_history(session: AsyncSession, caller: Caller, booking_id: UUID) -> BookingHistory:
    """Raises BookingNotFound, also for another's."""
    booking = await get_own_booking(session, booking_id, caller)
    return BookingHistory(
        data=[answers.show_event(event) for event in await store.find_events(session, booking.id)]
    )


def _place(window: Window) -> UUID | None:
    try:
        return None if window.place is None else UUID(hex=window.place)
    except ValueError:
        raise unknown_place("before" if window.is_backwards else "after") from None


async def write_booking(
    session: AsyncSession,
    caller: Caller,
    request: BookingRequest,
    offer: Offer,
    clocks: rules.HoldClocks,
    now: datetime,
) -> BookingRow:
    booking_id, contact_id = uuid7(), uuid7()
    await vault.put_people(session, "contact", {contact_id: request.contact.model_dump(exclude_none=True)})
    context = current()
    who = fraud.entities(user_id=caller.user_id, email=request.contact.email, phone=request.contact.phone)
    place = geography.place_of(context.ip) if context.ip else None
    surnames = {hashes.normalise_surname(passenger.family_name) for passenger in request.passengers}
    values = {
        "id": booking_id,
        "pnr": await new_locator(session, booking_id),
        "user_id": caller.user_id,
        "contact_subject_id": contact_id,
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
        "created_at": now,
        "request_id": context.request_id,
        "simulated": context.is_simulated,
    }
    await store.insert_rows(session, BookingRow, [values])
    return await get_own_booking(session, booking_id, caller)


def _prior_hashes(who: fraud.Entities, surnames: set[str]) -> dict[str, list[str]] | None:
    """The same people under older hash keys, while there are any."""
    older = [key for surname in sorted(surnames) for key in hashes.prior_hashes("surname", surname)]
    known = (who.prior() or {}) | ({"surname": older} if older else {})
    return known or None


async def write_parts(
    session: AsyncSession, booking: BookingRow, named: Sequence[NewPassenger], offer: Offer
) -> list[dict[str, Any]]:
    """Passengers (their names into the vault), segments and items; gives the segments."""
    places = rules.match_passengers([price.type for price in offer.passengers], [each.type for each in named])
    people = {uuid7(): each.model_dump(include={"given_name", "family_name"}) for each in named}
    await vault.put_people(session, "passenger", people)
    common: dict[str, Any] = {"booking_id": booking.id, "created_at": booking.created_at}
    passengers = [
        common | {"id": uuid7(), "subject_id": subject_id, "type": each.type}
        for subject_id, each in zip(people, named, strict=True)
    ]
    segments = offer_rows.segment_rows(offer, common)
    await store.insert_rows(session, PassengerRow, passengers)
    await store.insert_rows(session, SegmentRow, segments)
    await store.insert_rows(
        session,
        ItemRow,
        [
            item
            for passenger, place in zip(passengers, places, strict=True)
            for item in offer_rows.item_rows(offer, place, common, passenger["id"], segments)
        ],
    )
    return segments
