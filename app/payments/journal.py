"""The journal: each movement of money is one transaction whose lines sum to zero."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.payments import rules, store


async def record_sale(
    session: AsyncSession, booking_id: UUID, fare_minor: int, tax_minor: int, currency: str, now: datetime
) -> None:
    """Put issued tickets into the journal."""
    await post(session, rules.sale_lines(fare_minor, tax_minor), currency, booking_id, now)


async def record_cancellation(
    session: AsyncSession,
    booking_id: UUID,
    fare_minor: int,
    tax_minor: int,
    penalty_minor: int,
    currency: str,
    now: datetime,
) -> None:
    """Take a sale back out of the journal; the penalty stays."""
    lines = rules.cancellation_lines(fare_minor, tax_minor, penalty_minor)
    await post(session, lines, currency, booking_id, now)


async def record_exchange(
    session: AsyncSession,
    booking_id: UUID,
    *,
    old: tuple[int, int],
    new: tuple[int, int],
    penalty_minor: int,
    currency: str,
    now: datetime,
) -> None:
    """Put a sale (fare, taxes) in the place of another; the penalty for it stays."""
    await post(session, rules.exchange_lines(old, new, penalty_minor), currency, booking_id, now)


async def record_waiver(
    session: AsyncSession,
    booking_id: UUID,
    penalty_minor: int,
    revenue_minor: int,
    currency: str,
    now: datetime,
) -> None:
    """Give up what had been kept or sold: it is owed to the traveller again."""
    await post(session, rules.waiver_lines(penalty_minor, revenue_minor), currency, booking_id, now)


async def record_split(
    session: AsyncSession,
    from_booking_id: UUID,
    to_booking_id: UUID,
    *,
    fare_minor: int,
    tax_minor: int,
    currency: str,
    now: datetime,
) -> None:
    """Move part of a sale, and the money that paid for it, from one booking to another."""
    given = rules.split_lines(fare_minor, tax_minor)
    taken = [rules.Line(line.account, -line.amount_minor) for line in given]
    await post(session, given, currency, from_booking_id, now)
    await post(session, taken, currency, to_booking_id, now)


async def post(
    session: AsyncSession,
    lines: Sequence[rules.Line],
    currency: str,
    booking_id: UUID,
    now: datetime,
    *,
    payment_id: UUID | None = None,
    refund_id: UUID | None = None,
) -> None:
    """Write one transaction. The database refuses it at commit when its lines do not sum to zero.

    Without lines nothing moved, and nothing is written."""
    if not lines:
        return
    transaction_id = uuid7()
    await store.insert_journal(
        session,
        [
            {
                "id": uuid7(),
                "transaction_id": transaction_id,
                "account": line.account,
                "amount_minor": line.amount_minor,
                "currency": currency,
                "booking_id": booking_id,
                "payment_id": payment_id,
                "refund_id": refund_id,
                "occurred_at": now,
            }
            for line in lines
        ],
    )
