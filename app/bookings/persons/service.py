"""What bookings know of a person: given out, and forgotten. A booking stays, without names."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import answers
from app.bookings import store as bookings
from app.bookings.persons import store
from app.bookings.persons.schemas import ExportedBooking
from app.core import vault
from app.flights import service as flights
from app.payments.payers import service as payers
from app.payments.schemas import Payment

# Of one person; a bound that says when an export is not whole.
MAX_BOOKINGS = 1_000
# What one statement forgets.
LOT = 500


async def export_bookings(
    session: AsyncSession, user_id: UUID, now: datetime
) -> tuple[list[ExportedBooking], list[Payment]]:
    """Everything about a user's bookings, the newest first, and what was paid for them."""
    rows = await bookings.list_bookings(session, user_id, None, MAX_BOOKINGS)
    exported = []
    for row in rows:
        people = await vault.get_people(session, [row.contact_subject_id])
        exported.append(
            ExportedBooking(
                booking=await answers.show_booking(session, row, now),
                contact=people.get(row.contact_subject_id, {}),
                history=[answers.show_event(event) for event in await bookings.find_events(session, row.id)],
            )
        )
    return exported, await payers.list_payments(session, [row.id for row in rows])


async def has_trips_ahead(session: AsyncSession, user_id: UUID, now: datetime) -> bool:
    """Whether somebody is still to fly on a booking of the user."""
    rows = await store.find_open_flights(session, user_id)
    ahead = await flights.get_flights(session, list({row.flight_id for row in rows}))
    return any(flight.departs_at > now for flight in ahead.values())


async def forget_user(session: AsyncSession, user_id: UUID) -> int:
    """Forget everybody named in a user's bookings, however many; how many they were. Locks the bookings."""
    await vault.erase_people(session, await store.find_group_contacts(session, user_id))
    forgotten, after = 0, None
    while booking_ids := await store.list_bookings_for_update(session, user_id, after, LOT):
        await _forget(session, booking_ids)
        forgotten, after = forgotten + len(booking_ids), booking_ids[-1]
    return forgotten


async def forget_unpaid(session: AsyncSession, now: datetime, kept: timedelta, limit: int) -> int:
    """Forget who began a booking and never paid. Returns how many bookings."""
    booking_ids = await store.find_unpaid_for_update(session, now - kept, limit)
    await _forget(session, booking_ids)
    return len(booking_ids)


async def forget_old(session: AsyncSession, now: datetime, kept: timedelta, limit: int) -> int:
    """Forget who travelled long ago. Returns how many bookings."""
    booking_ids = await store.find_old_for_update(session, now - kept, limit)
    await _forget(session, booking_ids)
    return len(booking_ids)


async def _forget(session: AsyncSession, booking_ids: list[UUID]) -> None:
    if booking_ids:
        await vault.erase_people(session, await store.find_subjects(session, booking_ids))
        await store.forget_bookers(session, booking_ids)
        await payers.forget_payers(session, booking_ids)
