"""Sharing what was paid for one booking with another that came out of it: no provider hears of it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.ids import uuid7
from app.payments import rules, store
from app.payments.errors import RefundTooLarge
from app.payments.models import PaymentRow
from app.payments.schemas import PaymentStatus


async def share(session: AsyncSession, from_booking_id: UUID, to_booking_id: UUID, amount_minor: int) -> None:
    """Let payments of a booking, the newest first, be another's as far as the amount goes.

    A payment that goes whole changes its booking; one that goes in part is divided in two, which add up to
    what was charged and know the charge they share. Both bookings are locked. Raises RefundTooLarge."""
    paid = await store.find_refundable(session, from_booking_id)
    parts = rules.spread(amount_minor, [left_minor for _, left_minor in paid])
    if sum(parts) != amount_minor:
        raise RefundTooLarge()
    for (row, _), part in zip(paid, parts, strict=True):
        locked = await store.find_payment_for_update(session, row.id)
        if locked is None or part == 0:
            continue
        if part == locked.amount_minor:
            await store.update_payment(session, locked.id, {"booking_id": to_booking_id})
        else:
            await _divide(session, locked, to_booking_id, part)


async def _divide(session: AsyncSession, row: PaymentRow, to_booking_id: UUID, part_minor: int) -> None:
    left_minor = row.amount_minor - part_minor
    is_given_back = 0 < left_minor == row.refunded_minor
    divided = row.model_dump(exclude={"updated_at", "prior_hashes"}) | {
        "id": uuid7(),
        "booking_id": to_booking_id,
        "amount_minor": part_minor,
        "refunded_minor": 0,
        "status": PaymentStatus.CAPTURED,
        "prior_hashes": row.prior_hashes,
        "beside_id": None,
        "shared_from": row.shared_from or row.id,
    }
    status = PaymentStatus.REFUNDED if is_given_back else PaymentStatus(row.status)
    await store.update_payment(session, row.id, {"amount_minor": left_minor, "status": status})
    await store.insert_payment(session, divided)
