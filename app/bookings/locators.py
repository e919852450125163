"""Record locators: each booking has one, and no two the same."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import store
from app.core.errors import Unavailable
from app.core.ids import new_pnr

# There are a thousand million locators: five taken in a row is a fault, not bad luck.
PNR_ATTEMPTS = 5


async def new_locator(session: AsyncSession, booking_id: UUID) -> str:
    """Claim a locator for a booking. Raises Unavailable."""
    return (await new_locators(session, [booking_id]))[booking_id]


async def new_locators(session: AsyncSession, booking_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Claim a locator for each booking. Raises Unavailable."""
    claimed: dict[UUID, str] = {}
    for _ in range(PNR_ATTEMPTS):
        wanted = {new_pnr(): each for each in booking_ids if each not in claimed}
        claimed |= {wanted[pnr]: pnr for pnr in await store.claim_pnrs(session, wanted)}
        if len(claimed) == len(booking_ids):
            return claimed
    raise Unavailable("no free record locator was found", retry_after_seconds=1)
