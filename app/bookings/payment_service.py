"""Paying for a booking. Two commits around the provider's call: the intent, then what became of it."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import rules, store, telling
from app.bookings.access import get_booking_for_update, get_own_booking, get_own_booking_for_update
from app.bookings.errors import BookingNotFound, NotPayable, PaymentInProgress
from app.bookings.models import BookingRow
from app.bookings.schemas import BookingStatus, LiveStatus, PaymentAnswer, PaymentRequest
from app.bookings.ticket_service import issue_tickets
from app.core import clock, vault
from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency, KeyInFlight
from app.core.money import Money
from app.flights.errors import FlightClosed
from app.fraud import service as fraud
from app.fraud.schemas import FraudDecision
from app.inventory import service as inventory
from app.inventory.errors import HoldExpired, SoldOut
from app.inventory.schemas import HoldOutcome
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.payments.errors import PaymentNotFound
from app.payments.schemas import Attempt, CardShown, FraudVerdict, NewPayment, Payment
from app.pricing.schemas import PassengerType

# Attempts a chore settles at a time, and how many of them at once: each holds a connection for a moment.
RESOLVE_LIMIT = 50
RESOLVE_PARALLELISM = 3

FRAUD_REFUSALS = {
    FraudDecision.STEP_UP: "fraud_step_up_required",
    FraudDecision.BLOCK: "fraud_blocked",
}


async def pay(key: Idempotency, user_id: UUID, booking_id: UUID, request: PaymentRequest) -> PaymentAnswer:
    """Charge a card for a held booking, once per key, and ticket it.

    201 with `captured` or `failed`; 202 with `created` while the provider has not answered. A repeat gets
    what became of the same attempt. Raises BookingNotFound, NotPayable, HoldExpired, PaymentInProgress."""
    card = await payments.look_up_card(request.gateway, request.card_token)
    async with transaction() as session:
        kept = await key.find(session)
        if kept is not None:
            return await _repeat(session, UUID(kept.response["payment_id"]))
        attempt = await _open(session, user_id, booking_id, request.gateway, card)
        await key.store(session, 201, {"payment_id": str(attempt.id)})
    if attempt.is_open:
        charged = await payments.charge(attempt, request.card_token)
        if charged is not None:
            attempt = await _settle(attempt, charged)
    return PaymentAnswer(attempt.shown, 202 if attempt.is_open else 201)


async def get_payment(session: AsyncSession, user_id: UUID, payment_id: UUID) -> Payment:
    """Raises PaymentNotFound, also for another's."""
    payment = (await payments.get_payment(session, payment_id)).shown
    try:
        await get_own_booking(session, payment.booking_id, user_id)
    except BookingNotFound:
        raise PaymentNotFound() from None
    return payment


async def resolve_stuck_payments(limit: int = RESOLVE_LIMIT) -> int:
    """Settle payments and refunds that have had no result for a minute, by asking the provider; how many.

    Each in its own transaction. Those that fail are raised together, after all have been tried."""
    async with transaction() as session:
        payment_ids = await payments.find_stuck_payments(session, limit)
        refund_ids = await refunds.find_stuck_refunds(session, limit)
    gate = asyncio.Semaphore(RESOLVE_PARALLELISM)

    async def one_of_few(work: Awaitable[bool]) -> bool:
        async with gate:
            return await work

    tried = await asyncio.gather(
        *(one_of_few(_resolve_payment(payment_id)) for payment_id in payment_ids),
        *(one_of_few(_resolve_refund(refund_id)) for refund_id in refund_ids),
        return_exceptions=True,
    )
    failures = [result for result in tried if isinstance(result, Exception)]
    if failures:
        raise ExceptionGroup("some payments or refunds could not be settled", failures)
    return sum(result is True for result in tried)


async def settle_refund(order: refunds.RefundOrder) -> None:
    """Ask the provider to pay back and write its answer; without one, the chore asks again."""
    answer = await refunds.send_refund(order)
    if answer is None:
        return
    async with transaction() as session:
        await refunds.finish_refund(session, order.shown.id, answer, await clock.now(session))


async def _repeat(session: AsyncSession, payment_id: UUID) -> PaymentAnswer:
    """What became of an attempt. While its first request may still be waiting, KeyInFlight."""
    attempt = await payments.get_payment(session, payment_id)
    if attempt.is_open and await payments.age_of(session, attempt) < payments.GATEWAY_LIMIT:
        raise KeyInFlight(retry_after_seconds=RETRY_AFTER_SECONDS)
    return PaymentAnswer(attempt.shown, 202 if attempt.is_open else 201, is_replay=True)


async def _open(
    session: AsyncSession, user_id: UUID, booking_id: UUID, gateway: str, card: payments.Card
) -> Attempt:
    """Decide on an attempt and write it down. Locks the booking, so that there is one at a time."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, user_id)
    await _ensure_payable(session, booking, now)
    people = await vault.get_people(session, [booking.contact_subject_id])
    who = fraud.entities(
        user_id=user_id,
        email=people.get(booking.contact_subject_id, {}).get("email"),
        card_fingerprint=card.fingerprint,
    )
    decision = await fraud.decide(session, who, now)
    new = NewPayment(
        booking_id=booking.id,
        gateway=gateway,
        amount=Money(amount_minor=booking.total_minor, currency=booking.currency),
        card=CardShown(brand=card.brand, country=card.country, last4=card.last4),
        entities=who,
        verdict=FraudVerdict(decision.decision, decision.score, decision.reasons),
        decline_code=FRAUD_REFUSALS.get(decision.decision),
    )
    return await payments.open_payment(session, new, user_id, now)


async def _ensure_payable(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    status = rules.status_at(BookingStatus(booking.status), booking.payment_required_by, now)
    if status is BookingStatus.EXPIRED:
        raise HoldExpired(f"it had to be paid by {booking.payment_required_by.isoformat()}")
    if status is not BookingStatus.HELD:
        raise NotPayable(f"it is {status}")
    if await payments.find_open_payment(session, booking.id) is not None:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)


async def _settle(attempt: Attempt, charged: payments.Charge) -> Attempt:
    """Write what became of an attempt, once, whoever asked. Locks booking, payment, then cabins."""
    async with transaction() as session:
        now = await clock.now(session)
        booking = await get_booking_for_update(session, attempt.shown.booking_id)
        attempt = await payments.get_payment_for_update(session, attempt.id)
        if not attempt.is_open:
            return attempt
        if charged.status is not payments.ChargeStatus.CAPTURED:
            return await payments.fail(session, attempt, charged, booking.user_id, now)
        attempt = await payments.capture(session, attempt, charged, booking.user_id, now)
        order = await _ticket_or_refund(session, booking, attempt, now)
    if order is not None:
        await settle_refund(order)
        async with transaction() as session:
            attempt = await payments.get_payment(session, attempt.id)
    return attempt


async def _ticket_or_refund(
    session: AsyncSession, booking: BookingRow, attempt: Attempt, now: datetime
) -> refunds.RefundOrder | None:
    """Money is never kept without a seat: it buys the tickets, or it goes back."""
    reason = "booking_not_payable"
    if booking.status in (BookingStatus.HELD, BookingStatus.EXPIRED):
        try:
            await issue_tickets(session, booking, attempt.entities, now)
        except (SoldOut, FlightClosed) as refusal:
            reason = refusal.code
            await _give_up_hold(session, booking, now)
        else:
            return None
    payment = attempt.shown
    return await refunds.open_refund(session, payment, payment.amount.amount_minor, reason, now)


async def _give_up_hold(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    """Expire the booking, unless a sweep already has."""
    if booking.status == BookingStatus.EXPIRED:
        return
    segments = await store.find_segments(session, [booking.id])
    passengers = await store.find_passengers(session, [booking.id])
    seats = rules.seats_needed([PassengerType(passenger.type) for passenger in passengers])
    await telling.hold_expired(session, booking, [segment.flight_id for segment in segments], seats)
    expired = {"status": BookingStatus.EXPIRED, "expired_at": booking.payment_required_by}
    await store.update_booking(session, booking.id, expired)
    await store.set_items(session, [booking.id], LiveStatus.CANCELLED)
    await store.set_segments(session, [booking.id], LiveStatus.CANCELLED)
    await inventory.release_holds(session, booking.id, HoldOutcome.EXPIRED, now)


async def _resolve_payment(payment_id: UUID) -> bool:
    async with transaction() as session:
        attempt = await payments.get_payment(session, payment_id)
        age = await payments.age_of(session, attempt)
    charged = await payments.ask_result(attempt)
    if charged is None:
        return False
    _act_for(attempt, attempt.shown.created_at, age)
    return not (await _settle(attempt, charged)).is_open


async def _resolve_refund(refund_id: UUID) -> bool:
    async with transaction() as session:
        order = await refunds.get_refund_order(session, refund_id)
        attempt = await payments.get_payment(session, order.shown.payment_id)
        age = await refunds.age_of(session, refund_id)
    _act_for(attempt, order.shown.created_at, age)
    await settle_refund(order)
    async with transaction() as session:
        return (await refunds.get_refund_order(session, refund_id)).shown.done_at is not None


def _act_for(attempt: Attempt, created_at: datetime, age: timedelta) -> None:
    """Go on with a request after its process is gone: under its id, and for a simulated one at the virtual
    moment it has reached by now. To the wall clock every virtual hold would long be dead."""
    bind(
        RequestContext(
            request_id=attempt.request_id,
            virtual_now=created_at + age if attempt.simulated else None,
            is_simulated=attempt.simulated,
        )
    )
