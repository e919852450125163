"""Finishing a payment whose customer had to act, giving it up, and paying back by hand."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings import store
from app.bookings.access import get_booking_for_update, get_own_booking, may_act_for_any
from app.bookings.errors import BookingNotFound
from app.bookings.models import BookingRow, ItemRow
from app.bookings.paying import rules
from app.bookings.paying.errors import CurrencyDiffers, NothingToRefund, PaymentNotWaiting
from app.bookings.paying.schemas import (
    BookingPayments,
    CompensationRequest,
    RefundAnswer,
    RefundRequest,
)
from app.bookings.schemas import Answer, ItemKind, LiveStatus, PaymentAnswer
from app.bookings.settlement_service import settle, settle_refund
from app.core import clock
from app.core.db import transaction
from app.core.idempotency import Idempotency
from app.core.money import Money
from app.core.security import Caller
from app.payments import asking, credit_service, dispute_service, journal
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.payments.errors import (
    GatewayUnavailable,
    PaymentDisputed,
    PaymentNotFound,
    RefundTooLarge,
    TravelCreditNotFound,
)
from app.payments.schemas import Attempt, PaymentStatus, RefundTo, TravelCredit

DISPUTED = (PaymentStatus.DISPUTED, PaymentStatus.LOST)


async def confirm_payment(key: Idempotency, caller: Caller, payment_id: UUID) -> PaymentAnswer:
    """Ask what became of an attempt whose customer has acted, and carry it out.

    Raises PaymentNotFound, GatewayUnavailable."""
    async with transaction() as session:
        kept = await key.find(session)
        attempt = await get_own_attempt(session, caller, payment_id)
    if attempt.is_open:
        charged = await asking.ask_result(attempt)
        if charged is None:
            raise GatewayUnavailable(retry_after_seconds=int(asking.GATEWAY_RETRY.total_seconds()))
        attempt = await settle(attempt, charged)
    return await _answered(key, attempt, is_replay=kept is not None)


async def cancel_payment(key: Idempotency, caller: Caller, payment_id: UUID) -> PaymentAnswer:
    """Give up an attempt that waits for its customer, so that another card can be tried.

    Raises PaymentNotFound, PaymentNotWaiting, GatewayUnavailable."""
    async with transaction() as session:
        kept = await key.find(session)
        attempt = await get_own_attempt(session, caller, payment_id)
    if kept is None:
        if attempt.shown.status is not PaymentStatus.REQUIRES_ACTION:
            raise PaymentNotWaiting(f"it is {attempt.shown.status}")
        charged = await asking.void(attempt)
        if charged is None:
            raise GatewayUnavailable(retry_after_seconds=int(asking.GATEWAY_RETRY.total_seconds()))
        attempt = await settle(attempt, charged)
    return await _answered(key, attempt, is_replay=kept is not None)


async def get_own_attempt(session: AsyncSession, caller: Caller, payment_id: UUID) -> Attempt:
    """Raises PaymentNotFound, also for another's."""
    attempt = await payments.get_payment(session, payment_id)
    try:
        await get_own_booking(session, attempt.shown.booking_id, caller)
    except BookingNotFound:
        raise PaymentNotFound() from None
    return attempt


async def list_payments(session: AsyncSession, caller: Caller, booking_id: UUID) -> BookingPayments:
    """Raises BookingNotFound."""
    booking = await get_own_booking(session, booking_id, caller)
    return BookingPayments(
        payments=await payments.list_payments(session, booking.id),
        refunds=await refunds.list_refunds(session, booking.id),
        disputes=await dispute_service.find_disputes(session, booking.id),
    )


async def refund_payment(
    key: Idempotency, caller: Caller, payment_id: UUID, request: RefundRequest
) -> Answer[RefundAnswer]:
    """Pay back by hand, once per key: what is owed, or more by giving up penalties, fees and extras.

    Raises PaymentNotFound, PaymentDisputed, CurrencyDiffers, RefundTooLarge, NothingToRefund."""
    order = None
    async with transaction() as session:
        kept = await key.find(session)
        if kept is None:
            order, answer = await _refund(session, caller, payment_id, request)
            await key.store(session, 201, answer.model_dump(mode="json"))
        else:
            answer = RefundAnswer.model_validate(kept.response)
    if order is not None:
        await settle_refund(order)
    async with transaction() as session:
        shown = await refunds.get_refund_order(session, answer.refund.id)
    return Answer(answer.model_copy(update={"refund": shown.shown}), 201, is_replay=kept is not None)


async def compensate(
    session: AsyncSession, caller: Caller, booking_id: UUID, request: CompensationRequest
) -> TravelCredit:
    """Give the traveller of a booking travel credit for nothing in return. Raises BookingNotFound."""
    now = await clock.now(session)
    booking = await get_booking_for_update(session, booking_id)
    amount = Money(amount_minor=request.amount.amount_minor, currency=request.amount.currency)
    credit = await credit_service.compensate(
        session, booking.id, booking.user_id, amount, request.reason, now
    )
    await audit.record(
        session,
        "travel_credit.issued",
        "travel_credit",
        credit.id,
        actor=caller,
        after={"booking_id": booking.id, "amount_minor": amount.amount_minor, "currency": amount.currency},
        reason=request.reason,
    )
    return credit


async def get_travel_credit(session: AsyncSession, caller: Caller, credit_id: UUID) -> TravelCredit:
    """Raises TravelCreditNotFound, also for another's."""
    credit = await credit_service.get_credit(session, credit_id)
    user_id = caller.acting_user_id
    is_own = credit.booking_id == caller.booking_id if user_id is None else credit.user_id == user_id
    if not is_own and not may_act_for_any(caller):
        raise TravelCreditNotFound()
    return credit


async def _answered(key: Idempotency, attempt: Attempt, *, is_replay: bool) -> PaymentAnswer:
    async with transaction() as session:
        if not is_replay and await key.find(session) is None:
            await key.store(session, 200, {"payment_id": str(attempt.id)})
        shown = await payments.show_payment(session, attempt.id)
    return PaymentAnswer(shown, 202 if attempt.is_open else 200, is_replay=is_replay)


async def _refund(
    session: AsyncSession, caller: Caller, payment_id: UUID, request: RefundRequest
) -> tuple[refunds.RefundOrder, RefundAnswer]:
    now = await clock.now(session)
    booking_id = (await payments.get_payment(session, payment_id)).shown.booking_id
    booking = await get_booking_for_update(session, booking_id)
    attempt = await payments.get_payment_for_update(session, payment_id)
    if attempt.shown.status in DISPUTED:
        raise PaymentDisputed()
    currency = attempt.shown.amount.currency
    if request.amount is not None and request.amount.currency != currency:
        raise CurrencyDiffers(f"the payment is in {currency}", pointer="/amount/currency")
    live = _live(await store.find_items(session, booking.id))
    owed = max(0, rules.owed_minor(await payments.paid_minor(session, booking.id), live))
    left = await refunds.left_minor(session, attempt)
    amount_minor = request.amount.amount_minor if request.amount else min(owed, left)
    if amount_minor == 0:
        raise NothingToRefund()
    if amount_minor > left:
        raise RefundTooLarge(f"{left} is left of this payment", pointer="/amount/amount_minor")
    waived = await _waive(session, booking, live, amount_minor - owed, now)
    order = await refunds.open_refund(session, attempt.shown, amount_minor, request.reason, now)
    credit = None
    if request.to is RefundTo.TRAVEL_CREDIT:
        credit = await refunds.turn_into_credit(session, [order], booking.user_id, now)
        order = await refunds.get_refund_order(session, order.shown.id)
    answer = RefundAnswer(
        refund=order.shown,
        owed_before=Money(amount_minor=owed, currency=currency),
        waived=Money(amount_minor=waived, currency=currency),
        travel_credit=credit,
    )
    await audit.record(
        session,
        "payment.refunded",
        "refund",
        order.shown.id,
        actor=caller,
        after={"payment_id": payment_id, "amount_minor": amount_minor, "waived_minor": waived},
        reason=request.reason,
    )
    return order, answer


async def _waive(
    session: AsyncSession, booking: BookingRow, live: list[rules.LiveItem], amount_minor: int, now: datetime
) -> int:
    """Give up items to make an amount free; how much. Raises NothingToRefund when there are too few."""
    if amount_minor <= 0:
        return 0
    given_up = rules.waivers(amount_minor, live)
    if sum(each.waived_minor for each in given_up) < amount_minor:
        raise NothingToRefund()
    for waiver in given_up:
        await store.reduce_item(session, waiver.item.id, waiver.left_minor)
    penalty_minor = sum(each.waived_minor for each in given_up if each.item.kind is ItemKind.PENALTY)
    revenue_minor = amount_minor - penalty_minor
    await journal.record_waiver(session, booking.id, penalty_minor, revenue_minor, booking.currency, now)
    return amount_minor


def _live(rows: Sequence[ItemRow]) -> list[rules.LiveItem]:
    return [
        rules.LiveItem(row.id, ItemKind(row.kind), row.amount_minor)
        for row in rows
        if row.status == LiveStatus.LIVE
    ]
