"""Sweeping up holds that died unpaid."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import rules, store, telling
from app.bookings.models import SegmentRow
from app.bookings.schemas import LiveStatus
from app.inventory import service as inventory
from app.inventory.schemas import HoldOutcome
from app.pricing.schemas import PassengerType

# Bounds how many cabins one transaction keeps locked.
BOOKINGS_PER_SWEEP = 200


async def expire_dead_holds(session: AsyncSession, now: datetime, limit: int = BOOKINGS_PER_SWEEP) -> int:
    """Expire bookings whose hold is dead at `now` and give their seats back; how many. 0: nothing is left,
    but for those another transaction is working on. Locks the bookings, then their cabins."""
    bookings = await store.expire_bookings(session, now, limit)
    if not bookings:
        return 0
    booking_ids = [booking.id for booking in bookings]
    await store.set_items(session, booking_ids, LiveStatus.CANCELLED)
    await store.set_segments(session, booking_ids, LiveStatus.CANCELLED)
    segments = _by_booking(await store.find_segments(session, booking_ids))
    types: dict[UUID, list[PassengerType]] = defaultdict(list)
    for passenger in await store.find_passengers(session, booking_ids):
        types[passenger.booking_id].append(PassengerType(passenger.type))
    for booking in bookings:
        with telling.marked_as(booking):
            flight_ids = [segment.flight_id for segment in segments[booking.id]]
            await telling.hold_expired(session, booking, flight_ids, rules.seats_needed(types[booking.id]))
    await inventory.release_holds_of(session, booking_ids, HoldOutcome.EXPIRED, now)
    return len(bookings)


def _by_booking(segments: Sequence[SegmentRow]) -> dict[UUID, list[SegmentRow]]:
    found: dict[UUID, list[SegmentRow]] = defaultdict(list)
    for segment in segments:
        found[segment.booking_id].append(segment)
    return found
