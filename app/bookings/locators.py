"""Record locators: each booking has one, and no two the same."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import store
from app.core.errors import Unavailable
from app.core.ids import new_pnr

# There are a thousand million locators: five taken in a row is a fault, not bad luck.
PNR_ATTEMPTS = 5


async def new_locator(session: AsyncSession, booking_id: UUID) -> str:
    """Claim a locator for a booking. Raises Unavailable."""
    for _ in range(PNR_ATTEMPTS):
        pnr = new_pnr()
        if await store.claim_pnr(session, pnr, booking_id):
            return pnr
    raise Unavailable("no free record locator was found", retry_after_seconds=1)
