"""Open one booking to who knows its locator and a last name on it."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import store as bookings
from app.bookings.guests import rules, store
from app.bookings.guests.errors import GuestRefused, TooManyGuesses
from app.bookings.guests.schemas import GuestAccess, GuestAccessRequest
from app.core import vault
from app.core.context import current
from app.core.db import transaction
from app.core.security import GUEST_TOKEN_LIFE, mint_guest_token


async def open_booking(request: GuestAccessRequest) -> GuestAccess:
    """A guest's token. Raises GuestRefused, alike for what was wrong; TooManyGuesses.

    Takes no session: a guess is counted in a transaction of its own before it is looked at, so that neither
    the refusal's roll-back nor guesses side by side go uncounted."""
    keys = _counted_by(request.pnr)
    async with transaction() as session:
        await _count(session, keys)
    async with transaction() as session:
        booking_id = await store.find_booking_id(session, request.pnr)
        passengers = await bookings.find_passengers(session, [booking_id] if booking_id else [])
        people = await vault.get_people(session, [passenger.subject_id for passenger in passengers])
        names = [person["family_name"] for person in people.values() if "family_name" in person]
        if booking_id is None or not rules.is_on_booking(request.last_name, names):
            raise GuestRefused()
        for key_hash, _ in keys:
            await store.forgive_guess(session, key_hash)
    return GuestAccess(
        booking_id=booking_id,
        access_token=mint_guest_token(booking_id),
        expires_in=int(GUEST_TOKEN_LIFE.total_seconds()),
    )


async def sweep_attempts(session: AsyncSession, kept: timedelta, limit: int) -> int:
    """Delete up to `limit` counts whose window ended so long ago. Returns how many."""
    return await store.delete_old(session, kept, limit)


def _counted_by(pnr: str) -> list[tuple[bytes, int]]:
    """What a guess is counted by, and how many each may have, in one order for all."""
    keys = [(vault.lookups("guest_pnr", pnr)[0], rules.GUESSES_A_LOCATOR)]
    ip = current().ip
    if ip is not None:
        keys.append((vault.lookups("guest_ip", ip)[0], rules.GUESSES_AN_ADDRESS))
    return sorted(keys)


async def _count(session: AsyncSession, keys: list[tuple[bytes, int]]) -> None:
    for key_hash, limit in keys:
        counted = await store.count_guess(session, key_hash, rules.WINDOW)
        if counted.failures > limit:
            raise TooManyGuesses(retry_after_seconds=max(1, counted.seconds_left))
