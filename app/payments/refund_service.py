"""Paying back. What asks a provider runs outside of any transaction; the rest runs in the caller's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events
from app.core.ids import encode, uuid7
from app.core.money import Money
from app.payments import credit_service, journal, rules, store
from app.payments.asking import key_of
from app.payments.errors import RefundNotFound, RefundTooLarge
from app.payments.gateways import CREDIT, gateway_named
from app.payments.gateways.base import ChargeOrder, GatewayRefund, RefundResult, ResultUnknown
from app.payments.models import RefundRow
from app.payments.schemas import (
    Attempt,
    CreditSource,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    TravelCredit,
)
from app.payments.service import RESOLVE_AFTER, get_payment, get_payment_for_update
from app.payments.showing import order_of


@dataclass(frozen=True)
class RefundOrder:
    """A refund to be asked of the provider that took the money."""

    shown: Refund
    booking_id: UUID
    gateway: str
    charge: ChargeOrder


async def open_refund(
    session: AsyncSession,
    payment: Payment,
    amount_minor: int,
    reason: str,
    now: datetime,
    cancellation_id: UUID | None = None,
) -> RefundOrder:
    """Write down that money goes back; it is asked of the provider after the commit."""
    refund_id = uuid7()
    await store.insert_refund(
        session,
        {
            "id": refund_id,
            "payment_id": payment.id,
            "booking_id": payment.booking_id,
            "cancellation_id": cancellation_id,
            "amount_minor": amount_minor,
            "currency": payment.amount.currency,
            "status": RefundStatus.CREATED,
            "reason": reason,
            "created_at": now,
        },
    )
    return await get_refund_order(session, refund_id)


async def spread(
    session: AsyncSession,
    booking_id: UUID,
    amount_minor: int,
    reason: str,
    now: datetime,
    cancellation_id: UUID | None = None,
) -> list[RefundOrder]:
    """Open refunds over the booking's payments until the amount is reached, the newest payment first.

    The booking must be locked. Each order is to be sent after the commit. Raises RefundTooLarge."""
    paid = await store.find_refundable(session, booking_id)
    parts = rules.spread(amount_minor, [left_minor for _, left_minor in paid])
    if sum(parts) != amount_minor:
        raise RefundTooLarge()
    return [
        await open_refund(
            session, (await get_payment(session, row.id)).shown, part, reason, now, cancellation_id
        )
        for (row, _), part in zip(paid, parts, strict=True)
        if part
    ]


async def turn_into_credit(
    session: AsyncSession, orders: Sequence[RefundOrder], user_id: UUID | None, now: datetime
) -> TravelCredit:
    """Let opened refunds of one booking be paid as travel credit, at once; they need not be sent any more."""
    first = orders[0].shown
    booking_id = (await get_payment(session, first.payment_id)).shown.booking_id
    total_minor = sum(order.shown.amount.amount_minor for order in orders)
    amount = Money(amount_minor=total_minor, currency=first.amount.currency)
    credit = await credit_service.issue(
        session, booking_id, user_id, amount, CreditSource.REFUND, first.reason, now
    )
    for order in orders:
        await store.update_refund(session, order.shown.id, {"travel_credit_id": credit.id})
        await finish_refund(session, order.shown.id, GatewayRefund(RefundResult.DONE), now)
    return credit


async def left_minor(session: AsyncSession, attempt: Attempt) -> int:
    """What of a payment is neither paid back nor on its way back. The booking is locked."""
    paid = await store.find_refundable(session, attempt.shown.booking_id)
    return sum(left for row, left in paid if row.id == attempt.id)


async def list_refunds(session: AsyncSession, booking_id: UUID) -> list[Refund]:
    return [_refund(row) for row in await store.find_refunds_of(session, booking_id)]


async def find_refund_order(session: AsyncSession, refund_id: UUID) -> RefundOrder | None:
    known = await store.find_refund(session, refund_id)
    return None if known is None else await get_refund_order(session, refund_id)


async def get_refund_order(session: AsyncSession, refund_id: UUID) -> RefundOrder:
    row = await store.find_refund(session, refund_id)
    if row is None:
        raise RefundNotFound()
    attempt = await get_payment(session, row.payment_id)
    charge = order_of(attempt, key_of(attempt))
    return RefundOrder(_refund(row), row.booking_id, attempt.shown.gateway, charge)


async def send_refund(order: RefundOrder) -> GatewayRefund | None:
    """Ask the provider to pay back, under the refund's id. None: no answer came; asking again is safe."""
    refund = order.shown
    if refund.status not in store.UNSETTLED_REFUNDS:
        return None
    if order.gateway == CREDIT:
        # No provider is asked: the credit is filled up where the refund is booked.
        return GatewayRefund(RefundResult.DONE)
    key = encode("ref", refund.id)
    try:
        return await gateway_named(order.gateway).refund(key, order.charge, refund.amount.amount_minor)
    except ResultUnknown:
        return None


async def finish_refund(
    session: AsyncSession, refund_id: UUID, answer: GatewayRefund, now: datetime
) -> Refund:
    """Write the provider's answer once, whoever asked. The booking must be locked: the journal's rows refer
    to it. Locks the payment, then the refund."""
    order = await get_refund_order(session, refund_id)
    attempt = await get_payment_for_update(session, order.shown.payment_id)
    row = await store.find_refund_for_update(session, refund_id)
    if row is None or row.status not in store.UNSETTLED_REFUNDS:
        return order.shown if row is None else _refund(row)
    if answer.result is RefundResult.IN_TRANSIT:
        await store.update_refund(
            session, refund_id, {"status": RefundStatus.IN_TRANSIT, "provider_reference": answer.reference}
        )
        return (await get_refund_order(session, refund_id)).shown
    if answer.result is RefundResult.FAILED:
        await store.update_refund(session, refund_id, {"status": RefundStatus.FAILED})
        await _tell(session, "RefundFailed", row, now)
        return (await get_refund_order(session, refund_id)).shown
    done = {"status": RefundStatus.DONE, "done_at": now, "provider_reference": answer.reference}
    await store.update_refund(session, refund_id, done)
    await _book_refund(session, attempt, row, now)
    return (await get_refund_order(session, refund_id)).shown


async def find_refunds_of_cancellation(session: AsyncSession, cancellation_id: UUID) -> list[Refund]:
    """The newest first: one for each payment that gives back, and any that failed before."""
    return [_refund(row) for row in await store.find_refunds_of_cancellation(session, cancellation_id)]


async def list_done(session: AsyncSession, booking_id: UUID) -> list[Refund]:
    """The refunds of a booking that have arrived, in the order they were asked for."""
    return [_refund(row) for row in await store.find_done_refunds(session, booking_id)]


async def is_any_pending(session: AsyncSession, booking_id: UUID) -> bool:
    """Whether money of the booking is on its way back and has not arrived."""
    return await store.has_unsettled_refund(session, booking_id)


async def find_stuck_refunds(session: AsyncSession, limit: int) -> Sequence[UUID]:
    return await store.find_stuck_refunds(session, RESOLVE_AFTER, limit)


async def age_of(session: AsyncSession, refund_id: UUID) -> timedelta:
    """How long ago the refund was first asked for, by the real clock."""
    row = await store.find_refund(session, refund_id)
    if row is None:
        raise RefundNotFound()
    return await store.real_now(session) - row.attempted_at


async def _book_refund(session: AsyncSession, attempt: Attempt, refund: RefundRow, now: datetime) -> None:
    payment = attempt.shown
    refunded_minor = payment.refunded.amount_minor + refund.amount_minor
    whole = refunded_minor == payment.amount.amount_minor
    status = PaymentStatus.REFUNDED if whole else PaymentStatus.PARTIALLY_REFUNDED
    values: dict[str, Any] = {"refunded_minor": refunded_minor}
    # While it is disputed the payment says that, whatever comes back of it.
    if rules.may_become(payment.status, status):
        values["status"] = status
    await store.update_payment(session, payment.id, values)
    lines = rules.refund_lines(refund.amount_minor)
    if refund.travel_credit_id is not None:
        lines = rules.credit_for_refund_lines(refund.amount_minor)
    elif attempt.travel_credit_id is not None:
        await credit_service.put_back(session, attempt.travel_credit_id, refund.amount_minor, now)
        lines = rules.credit_for_refund_lines(refund.amount_minor)
    await journal.post(
        session, lines, refund.currency, refund.booking_id, now, payment_id=payment.id, refund_id=refund.id
    )
    await _tell(session, "RefundIssued", refund, now)


async def _tell(session: AsyncSession, event_type: str, refund: RefundRow, now: datetime) -> None:
    await events.record(
        session,
        event_type,
        "refund",
        refund.id,
        {
            "refund_id": refund.id,
            "payment_id": refund.payment_id,
            "amount_minor": refund.amount_minor,
            "currency": refund.currency,
        },
        booking_id=refund.booking_id,
        occurred_at=now,
    )


def _refund(row: RefundRow) -> Refund:
    return Refund(
        id=row.id,
        payment_id=row.payment_id,
        status=RefundStatus(row.status),
        amount=Money(amount_minor=row.amount_minor, currency=row.currency),
        reason=row.reason,
        created_at=row.created_at,
        done_at=row.done_at,
        travel_credit_id=row.travel_credit_id,
    )
