"""Which booking a caller may touch: their own. Anything else does not exist for them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import store
from app.bookings.errors import BookingNotFound
from app.bookings.models import BookingRow


async def get_own_booking(session: AsyncSession, booking_id: UUID, user_id: UUID) -> BookingRow:
    """Raises BookingNotFound."""
    return _own(await store.find_booking(session, booking_id), user_id)


async def get_own_booking_for_update(session: AsyncSession, booking_id: UUID, user_id: UUID) -> BookingRow:
    """Locks the booking. Raises BookingNotFound."""
    return _own(await store.find_booking_for_update(session, booking_id), user_id)


async def get_booking_for_update(session: AsyncSession, booking_id: UUID) -> BookingRow:
    """Locks the booking, whoever's it is: for what acts on nobody's behalf."""
    booking = await store.find_booking_for_update(session, booking_id)
    if booking is None:
        raise BookingNotFound()
    return booking


def _own(booking: BookingRow | None, user_id: UUID) -> BookingRow:
    if booking is None or booking.user_id != user_id:
        raise BookingNotFound()
    return booking
