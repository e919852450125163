"""Which booking a caller may touch: their own, the one a guest's token names, or any for the role agent.
Anything else does not exist for them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import store
from app.bookings.errors import BookingNotFound
from app.bookings.models import BookingRow
from app.core.ids import encode
from app.core.security import Caller, Role

CHANGED_BY_AGENT = "booking.changed_by_agent"


async def get_own_booking(session: AsyncSession, booking_id: UUID, caller: Caller) -> BookingRow:
    """Raises BookingNotFound; Forbidden for a program of ours."""
    return _own(await store.find_booking(session, booking_id), caller)


async def get_own_booking_for_update(session: AsyncSession, booking_id: UUID, caller: Caller) -> BookingRow:
    """Locks the booking, to change it; when an agent does so for another, that is an audit entry, which
    stays if the change does. Raises BookingNotFound; Forbidden for a program of ours."""
    booking = _own(await store.find_booking_for_update(session, booking_id), caller)
    if is_agent_of(booking, caller):
        whose = encode("usr", booking.user_id) if booking.user_id else None
        await audit.record(
            session, CHANGED_BY_AGENT, "booking", booking.id, actor=caller, after={"on_behalf_of": whose}
        )
    return booking


async def get_booking_for_update(session: AsyncSession, booking_id: UUID) -> BookingRow:
    """Locks the booking, whoever's it is: for what acts on nobody's behalf."""
    booking = await store.find_booking_for_update(session, booking_id)
    if booking is None:
        raise BookingNotFound()
    return booking


def is_agent_of(booking: BookingRow, caller: Caller) -> bool:
    """Whether an agent acts for somebody else's booking."""
    return booking.user_id != caller.acting_user_id and may_act_for_any(caller)


def may_act_for_any(caller: Caller) -> bool:
    return Role.AGENT in caller.roles and caller.booking_id is None


def _own(booking: BookingRow | None, caller: Caller) -> BookingRow:
    user_id = caller.acting_user_id
    if booking is None:
        raise BookingNotFound()
    is_own = booking.id == caller.booking_id if user_id is None else booking.user_id == user_id
    if not is_own and not may_act_for_any(caller):
        raise BookingNotFound()
    return booking
