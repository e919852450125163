"""Bookings made and given up by what acts on somebody's behalf: the waitlist, and groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import cancellation_service, rules, service, store, telling
from app.bookings.access import get_booking_for_update
from app.bookings.errors import PaymentInProgress
from app.bookings.schemas import BookingRequest, BookingStatus, Contact, NewPassenger
from app.core.idempotency import RETRY_AFTER_SECONDS
from app.core.security import Caller, Role
from app.inventory import service as inventory
from app.inventory.schemas import SeatRequest
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
    caller = Caller(str(user_id), frozenset({Role.CUSTOMER}))
    request = BookingRequest(offer_id=offer.id, passengers=list(passengers), contact=contact)
    booking = await service.write_booking(
        session, caller, request, offer, rules.HoldClocks(until, until), now
    )
    segments = await service.write_parts(session, booking, request.passengers, offer)
    seats = rules.seats_needed([passenger.type for passenger in passengers])
    await telling.booking_created(session, booking, [row["flight_id"] for row in segments], seats)
    wanted = [SeatRequest(row["flight_id"], row["cabin"], row["fare_class"], seats) for row in segments]
    await inventory.hold_seats(session, booking.id, wanted, now, until)
    return HeldBooking(booking.id, booking.pnr)


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
