"""Bookings made and given up by what acts on somebody's behalf: the waitlist, and groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import cancellation_service, creation_service, drafts, rules, store
from app.bookings.access import get_booking_for_update
from app.bookings.errors import PaymentInProgress
from app.bookings.locators import new_locator
from app.bookings.schemas import BookingRequest, BookingStatus, Contact, NewPassenger
from app.core.idempotency import RETRY_AFTER_SECONDS
from app.core.ids import uuid7
from app.offers.schemas import Offer
from app.payments import service as payments


@dataclass(frozen=True)
class HeldBooking:
    id: UUID
    pnr: str


async def hold_offer(
    session: AsyncSession,
    user_id: UUID,
    offer: Offer,
    passengers: Sequence[NewPassenger],
    contact: Contact,
    until: datetime,
    now: datetime,
) -> HeldBooking:
    """Book an offer for somebody and hold its seats and its price until `until`; the booking.

    Raises PassengersDiffer, SoldOut. Locks the cabins, last."""
    request = BookingRequest(offer_id=offer.id, passengers=list(passengers), contact=contact)
    booking_id = uuid7()
    pnr = await new_locator(session, booking_id)
    clocks = rules.HoldClocks(until, until)
    draft = drafts.make(booking_id, pnr, user_id, request, offer, clocks, now)
    await creation_service.write_all(session, [draft], now)
    return HeldBooking(booking_id, pnr)


async def give_up_hold(session: AsyncSession, booking_id: UUID, now: datetime) -> bool:
    """Give back what a booking still holds. False: there is no hold left to give up.

    Raises PaymentInProgress. Locks the booking, then its cabins."""
    booking = await get_booking_for_update(session, booking_id)
    if booking.status != BookingStatus.HELD:
        return False
    if await payments.find_open_payment(session, booking_id) is not None:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    await cancellation_service.give_up_hold(session, booking, now)
    return True


async def list_standings(
    session: AsyncSession, booking_ids: Sequence[UUID], now: datetime
) -> dict[UUID, BookingStatus]:
    """What each booking is at `now`."""
    return {
        row.id: rules.status_at(BookingStatus(row.status), row.payment_required_by, now)
        for row in await store.find_bookings(session, booking_ids)
    }
