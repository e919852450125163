"""What was paid for bookings, and forgetting by whom."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.payments import service as payments
from app.payments.payers import store
from app.payments.schemas import Payment

# Of one person; a bound.
MAX_PAYMENTS = 5_000


async def list_payments(session: AsyncSession, booking_ids: list[UUID]) -> list[Payment]:
    """Every attempt, the oldest first."""
    ids = await store.list_payment_ids(session, booking_ids, MAX_PAYMENTS)
    return [(await payments.get_payment(session, each)).shown for each in ids]


async def forget_payers(session: AsyncSession, booking_ids: list[UUID]) -> int:
    """Destroy the hashes and digits by which a payer would be known again. Amounts stay."""
    return await store.forget_payers(session, booking_ids)
