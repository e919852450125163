"""What payments reads and writes: one statement each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.payments.models import JournalEntry, PaymentRow, ProviderReference, RefundRow
from app.payments.schemas import PaymentStatus, RefundStatus

# A booking has been paid for when it has one of these.
PAID = (PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED)
UNSETTLED_REFUNDS = (RefundStatus.CREATED, RefundStatus.IN_TRANSIT)

_FRESH = {"populate_existing": True}
_UNSYNCED = {"synchronize_session": False}


async def insert_payment(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(PaymentRow).values(values))


async def find_payment(session: AsyncSession, payment_id: UUID) -> PaymentRow | None:
    statement = select(PaymentRow).where(col(PaymentRow.id) == payment_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_payment_for_update(session: AsyncSession, payment_id: UUID) -> PaymentRow | None:
    statement = select(PaymentRow).where(col(PaymentRow.id) == payment_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_payments_of(
    session: AsyncSession, booking_id: UUID, statuses: Sequence[PaymentStatus]
) -> Sequence[PaymentRow]:
    """The booking's payments in one of these states, the oldest first."""
    statement = (
        select(PaymentRow)
        .where(col(PaymentRow.booking_id) == booking_id, col(PaymentRow.status).in_(statuses))
        .order_by(col(PaymentRow.id))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_newest_payment_for(
    session: AsyncSession, booking_id: UUID, purpose_id: UUID
) -> PaymentRow | None:
    statement = (
        select(PaymentRow)
        .where(col(PaymentRow.booking_id) == booking_id, col(PaymentRow.purpose_id) == purpose_id)
        .order_by(col(PaymentRow.id).desc())
        .limit(1)
    )
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def update_payment(session: AsyncSession, payment_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(PaymentRow).where(col(PaymentRow.id) == payment_id).values(values | {"updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def insert_reference(session: AsyncSession, gateway: str, reference: str, payment_id: UUID) -> None:
    await session.execute(
        insert(ProviderReference).values(gateway=gateway, reference=reference, payment_id=payment_id)
    )


async def insert_refund(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(RefundRow).values(values))


async def find_refund(session: AsyncSession, refund_id: UUID) -> RefundRow | None:
    statement = select(RefundRow).where(col(RefundRow.id) == refund_id)
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_refund_for_update(session: AsyncSession, refund_id: UUID) -> RefundRow | None:
    statement = select(RefundRow).where(col(RefundRow.id) == refund_id).with_for_update()
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_refunds_of_cancellation(session: AsyncSession, cancellation_id: UUID) -> Sequence[RefundRow]:
    statement = (
        select(RefundRow)
        .where(col(RefundRow.cancellation_id) == cancellation_id)
        .order_by(col(RefundRow.id).desc())
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def update_refund(session: AsyncSession, refund_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(RefundRow).where(col(RefundRow.id) == refund_id).values(values | {"updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def find_refundable(session: AsyncSession, booking_id: UUID) -> Sequence[tuple[PaymentRow, int]]:
    """The booking's captured payments, the newest first, with what is left of each: neither paid back nor
    on its way back."""
    on_its_way = (
        select(func.coalesce(func.sum(col(RefundRow.amount_minor)), 0))
        .where(
            col(RefundRow.payment_id) == col(PaymentRow.id),
            col(RefundRow.status).in_(UNSETTLED_REFUNDS),
        )
        .scalar_subquery()
    )
    left = (col(PaymentRow.amount_minor) - col(PaymentRow.refunded_minor) - on_its_way).label("left_minor")
    statement = (
        select(PaymentRow, left)
        .where(col(PaymentRow.booking_id) == booking_id, col(PaymentRow.status).in_(PAID))
        .order_by(col(PaymentRow.id).desc())
    )
    rows = await session.execute(statement, execution_options=_FRESH)
    return [(row[0], int(row[1])) for row in rows]


async def insert_journal(session: AsyncSession, lines: list[dict[str, Any]]) -> None:
    await session.execute(insert(JournalEntry), lines)


async def find_stuck_payments(session: AsyncSession, older_than: timedelta, limit: int) -> Sequence[UUID]:
    """Attempts without a result, by the real clock: a virtual one does not move a provider."""
    statement = (
        select(col(PaymentRow.id))
        .where(
            col(PaymentRow.status) == PaymentStatus.CREATED,
            col(PaymentRow.attempted_at) < func.now() - older_than,
        )
        .order_by(col(PaymentRow.attempted_at))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def find_stuck_refunds(session: AsyncSession, older_than: timedelta, limit: int) -> Sequence[UUID]:
    statement = (
        select(col(RefundRow.id))
        .where(
            col(RefundRow.status).in_(UNSETTLED_REFUNDS),
            col(RefundRow.attempted_at) < func.now() - older_than,
        )
        .order_by(col(RefundRow.attempted_at))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def real_now(session: AsyncSession) -> datetime:
    """The database's own clock, whatever the test clock says."""
    return (await session.execute(select(func.now()))).scalar_one()
