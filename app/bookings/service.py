"""Booking an offer and reading bookings back. Paying, cancelling and expiring are in the services beside."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import answers, batch, store
from app.bookings.access import get_own_booking
from app.bookings.errors import BookingNotFound, MomentInFuture
from app.bookings.expiry_service import expire_dead_holds
from app.bookings.payment_service import pay, resolve_stuck_payments
from app.bookings.schemas import (
    Answer,
    Booking,
    BookingHistory,
    BookingRequest,
    BookingSummary,
)
from app.core import clock
from app.core.db import transaction
from app.core.idempotency import Idempotency
from app.core.pages import Page, Window, page_of, unknown_place
from app.core.security import Caller
from app.payments import service as payments

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


async def create_booking(key: Idempotency, caller: Caller, request: BookingRequest) -> Answer[Booking]:
    """Book an offer and hold its seats, once per key; a repeat gets the same answer.

    Returns once it is committed. Raises OfferNotFound, OfferExpired, PassengersDiffer, FlightClosed,
    PayLaterRefused, SoldOut; Forbidden for a guest; TooManyHolds, FeatureOff, BookingBusy."""
    # Read for its refusal, before anybody waits.
    _ = caller.user_id
    return await batch.book(key, caller, request)


async def book_and_pay(key: Idempotency, caller: Caller, request: BookingRequest) -> Answer[Booking]:
    """Book an offer and pay for it, once per key: the seats are held, then charged for as in any payment.

    A card that is declined leaves the hold, for another card. Repeating the key goes on where a crash, or a
    gateway that was away, left off. Raises what create_booking and a payment raise."""
    if request.payment is None:
        raise ValueError("there is no payment in the request")
    if request.payment.gateway is not None:
        await payments.look_up_card(request.payment.gateway, request.payment.card_token)
    booked = await create_booking(key, caller, request)
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
