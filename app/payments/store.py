"""What payments reads and writes: one statement each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.core.db import execute_and_count
from app.payments.models import (
    DisputeRow,
    GatewayEventRow,
    JournalEntry,
    PaymentAction,
    PaymentRow,
    ProviderReference,
    RefundRow,
)
from app.payments.schemas import PaymentStatus, RefundStatus

# A booking has been paid for when it has one of these.
PAID = (PaymentStatus.CAPTURED, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.WON)
UNSETTLED_REFUNDS = (RefundStatus.CREATED, RefundStatus.IN_TRANSIT)

# Longer than any provider goes on repeating an event.
EVENT_LIFE = timedelta(days=30)

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


async def find_captured(session: AsyncSession, booking_id: UUID) -> Sequence[PaymentRow]:
    statement = (
        select(PaymentRow)
        .where(col(PaymentRow.booking_id) == booking_id, col(PaymentRow.captured_at).is_not(None))
        .order_by(col(PaymentRow.id))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def has_unsettled_refund(session: AsyncSession, booking_id: UUID) -> bool:
    statement = select(
        exists().where(col(RefundRow.booking_id) == booking_id, col(RefundRow.status).in_(UNSETTLED_REFUNDS))
    )
    return (await session.execute(statement)).scalar_one()


async def find_done_refunds(session: AsyncSession, booking_id: UUID) -> Sequence[RefundRow]:
    statement = (
        select(RefundRow)
        .where(col(RefundRow.booking_id) == booking_id, col(RefundRow.status) == RefundStatus.DONE)
        .order_by(col(RefundRow.id))
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


async def find_stuck_payments(
    session: AsyncSession, older_than: timedelta, left_after: timedelta, limit: int
) -> Sequence[UUID]:
    """Attempts without a result, by the real clock: a virtual one does not move a provider. Those that wait
    for their customer count after `left_after`."""
    status, silent_since = col(PaymentRow.status), func.now() - older_than
    statement = (
        select(col(PaymentRow.id))
        .where(
            or_(
                and_(status == PaymentStatus.CREATED, col(PaymentRow.attempted_at) < silent_since),
                and_(
                    status == PaymentStatus.AUTHORISED,
                    col(PaymentRow.beside_id).is_(None),
                    col(PaymentRow.updated_at) < silent_since,
                ),
                and_(
                    status == PaymentStatus.REQUIRES_ACTION,
                    col(PaymentRow.attempted_at) < func.now() - left_after,
                ),
            )
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


async def find_beside(session: AsyncSession, payment_id: UUID) -> Sequence[PaymentRow]:
    """What travel credit pays beside a payment."""
    statement = select(PaymentRow).where(col(PaymentRow.beside_id) == payment_id).order_by(col(PaymentRow.id))
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def find_referenced(session: AsyncSession, gateway: str, reference: str) -> UUID | None:
    statement = select(col(ProviderReference.payment_id)).where(
        col(ProviderReference.gateway) == gateway, col(ProviderReference.reference) == reference
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def put_action(session: AsyncSession, payment_id: UUID, url: str, now: datetime) -> None:
    statement = insert_or_skip(PaymentAction).values(payment_id=payment_id, url=url, created_at=now)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["payment_id"], set_={"url": statement.excluded.url})
    )


async def find_action(session: AsyncSession, payment_id: UUID) -> str | None:
    statement = select(col(PaymentAction.url)).where(col(PaymentAction.payment_id) == payment_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def delete_action(session: AsyncSession, payment_id: UUID) -> None:
    await session.execute(delete(PaymentAction).where(col(PaymentAction.payment_id) == payment_id))


async def insert_dispute(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(DisputeRow).values(values))


async def find_dispute(session: AsyncSession, gateway: str, reference: str) -> DisputeRow | None:
    statement = select(DisputeRow).where(
        col(DisputeRow.gateway) == gateway, col(DisputeRow.reference) == reference
    )
    return (await session.scalars(statement, execution_options=_FRESH)).one_or_none()


async def find_disputes_of(session: AsyncSession, booking_id: UUID) -> Sequence[DisputeRow]:
    statement = (
        select(DisputeRow).where(col(DisputeRow.booking_id) == booking_id).order_by(col(DisputeRow.id))
    )
    return (await session.scalars(statement, execution_options=_FRESH)).all()


async def update_dispute(session: AsyncSession, dispute_id: UUID, values: dict[str, Any]) -> None:
    statement = (
        update(DisputeRow).where(col(DisputeRow.id) == dispute_id).values(values | {"updated_at": func.now()})
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def claim_event(session: AsyncSession, gateway: str, event_id: str, kind: str) -> bool:
    """Take an event. False: it was taken before. A twin waits here until the first has committed."""
    statement = (
        insert_or_skip(GatewayEventRow)
        .values(
            gateway=gateway,
            event_id=event_id,
            type=kind,
            outcome="taken",
            received_at=func.now(),
        )
        .on_conflict_do_nothing()
    )
    taken = await session.execute(statement.returning(col(GatewayEventRow.event_id)))
    return taken.scalar_one_or_none() is not None


async def note_event(session: AsyncSession, gateway: str, event_id: str, outcome: str) -> None:
    statement = (
        update(GatewayEventRow)
        .where(col(GatewayEventRow.gateway) == gateway, col(GatewayEventRow.event_id) == event_id)
        .values(outcome=outcome)
    )
    await session.execute(statement, execution_options=_UNSYNCED)


async def sweep_events(session: AsyncSession, older_than: timedelta, limit: int) -> int:
    old = (
        select(col(GatewayEventRow.gateway), col(GatewayEventRow.event_id))
        .where(col(GatewayEventRow.received_at) < func.now() - older_than)
        .limit(limit)
    )
    statement = delete(GatewayEventRow).where(
        tuple_(col(GatewayEventRow.gateway), col(GatewayEventRow.event_id)).in_(old)
    )
    return await execute_and_count(session, statement)


async def find_refunds_of(session: AsyncSession, booking_id: UUID) -> Sequence[RefundRow]:
    statement = select(RefundRow).where(col(RefundRow.booking_id) == booking_id).order_by(col(RefundRow.id))
    return (await session.scalars(statement, execution_options=_FRESH)).all()
