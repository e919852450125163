"""Disputes: a cardholder's bank takes money back, and later decides whose it is. In any order of arrival."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events
from app.core.ids import uuid7
from app.core.money import Money
from app.payments import journal, rules, store
from app.payments.gateways.base import DisputeNotice, DisputeResult
from app.payments.models import DisputeRow
from app.payments.movements import mark
from app.payments.schemas import Attempt, Dispute, PaymentStatus

CLOSED = {DisputeResult.WON: PaymentStatus.WON, DisputeResult.LOST: PaymentStatus.LOST}


async def take_notice(
    session: AsyncSession, attempt: Attempt, notice: DisputeNotice, now: datetime
) -> Dispute | None:
    """Write what a provider tells of a dispute, once; None when it was known. Booking and payment are locked.

    The news of its end may come before the news of its beginning: then both are written."""
    payment = attempt.shown
    row = await store.find_dispute(session, payment.gateway, notice.reference)
    if row is None:
        row = await _open(session, attempt, notice, now)
    elif notice.result is DisputeResult.OPEN or row.status != DisputeResult.OPEN:
        return None
    if notice.result is not DisputeResult.OPEN:
        row = await _close(session, row, notice.result, now)
    return _dispute(row)


async def find_disputes(session: AsyncSession, booking_id: UUID) -> list[Dispute]:
    return [_dispute(row) for row in await store.find_disputes_of(session, booking_id)]


async def _open(session: AsyncSession, attempt: Attempt, notice: DisputeNotice, now: datetime) -> DisputeRow:
    payment = attempt.shown
    await mark(session, payment.id, PaymentStatus.DISPUTED)
    await store.insert_dispute(
        session,
        {
            "id": uuid7(),
            "payment_id": payment.id,
            "booking_id": payment.booking_id,
            "gateway": payment.gateway,
            "reference": notice.reference,
            "amount_minor": notice.amount_minor,
            "currency": notice.currency,
            "status": DisputeResult.OPEN,
            "reason": notice.reason,
            "opened_at": now,
        },
    )
    row = await _get(session, payment.gateway, notice.reference)
    await _tell(session, row, "PaymentDisputed", rules.dispute_opened_lines(row.amount_minor), now)
    return row


async def _close(session: AsyncSession, row: DisputeRow, result: DisputeResult, now: datetime) -> DisputeRow:
    await mark(session, row.payment_id, CLOSED[result])
    await store.update_dispute(session, row.id, {"status": result, "closed_at": now})
    closed = await _get(session, row.gateway, row.reference)
    is_won = result is DisputeResult.WON
    lines = (rules.dispute_won_lines if is_won else rules.dispute_lost_lines)(row.amount_minor)
    await _tell(session, closed, "DisputeWon" if is_won else "DisputeLost", lines, now)
    return closed


async def _tell(
    session: AsyncSession, row: DisputeRow, event_type: str, lines: list[rules.Line], now: datetime
) -> None:
    await journal.post(session, lines, row.currency, row.booking_id, now, payment_id=row.payment_id)
    payload = {
        "dispute_id": row.id,
        "payment_id": row.payment_id,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "reason": row.reason,
    }
    await events.record(
        session, event_type, "dispute", row.id, payload, booking_id=row.booking_id, occurred_at=now
    )


async def _get(session: AsyncSession, gateway: str, reference: str) -> DisputeRow:
    row = await store.find_dispute(session, gateway, reference)
    if row is None:
        raise RuntimeError("a dispute just written is not there")
    return row


def _dispute(row: DisputeRow) -> Dispute:
    return Dispute(
        id=row.id,
        payment_id=row.payment_id,
        booking_id=row.booking_id,
        amount=Money(amount_minor=row.amount_minor, currency=row.currency),
        status=row.status,
        reason=row.reason,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )
