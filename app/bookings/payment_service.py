"""Paying for a booking, or for a change of it. Two commits around the provider's call: the intent, then
what became of it (settlement_service)."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import purposes, tender
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.errors import BookingNotFound, NothingDue, PaymentInProgress
from app.bookings.models import BookingRow
from app.bookings.schemas import PaymentAnswer, PaymentRequest
from app.bookings.settlement_service import resolve_stuck_payments, settle, settle_refund
from app.core import clock, vault
from app.core.db import transaction
from app.core.entities import Entities
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency, KeyInFlight
from app.core.security import Caller
from app.fraud import service as fraud
from app.fraud.schemas import FraudDecision
from app.payments import service as payments
from app.payments.errors import PaymentNotFound
from app.payments.gateways import CREDIT
from app.payments.schemas import (
    Attempt,
    CardShown,
    FraudVerdict,
    NewPayment,
    Payment,
    PaymentPurpose,
    PaymentStatus,
)

__all__ = ["get_payment", "pay", "resolve_stuck_payments", "settle_refund"]

FRAUD_REFUSALS = {
    FraudDecision.STEP_UP: "fraud_step_up_required",
    FraudDecision.BLOCK: "fraud_blocked",
}


async def pay(
    key: Idempotency,
    caller: Caller,
    booking_id: UUID,
    request: PaymentRequest,
    purpose: str = PaymentPurpose.BOOKING,
    purpose_id: UUID | None = None,
) -> PaymentAnswer:
    """Charge a card for what is due, once per key, and give what it buys: tickets, unless said otherwise.

    201 with `captured` or `failed`; 202 with `created` while the provider has not answered, and with
    `requires_action` while the customer has something to do. A repeat gets what became of the same attempt.
    Raises BookingNotFound, PaymentInProgress, NothingDue, CardNeeded, TravelCreditNotFound,
    TravelCreditTooSmall, and what the purpose refuses with: NotPayable, HoldExpired."""
    card = None
    if request.gateway is not None:
        card = await payments.look_up_card(request.gateway, request.card_token)
    async with transaction() as session:
        kept = await key.find(session)
        if kept is not None:
            return await _repeat(session, UUID(kept.response["payment_id"]))
        attempt = await _open(session, caller, booking_id, request, card, purpose, purpose_id)
        await key.store(session, 201, {"payment_id": str(attempt.id)})
    if attempt.is_open:
        charged = await payments.charge(attempt, request.card_token, request.return_url)
        if charged is not None:
            attempt = await settle(attempt, charged)
    shown = attempt.shown
    if request.travel_credits:
        async with transaction() as session:
            shown = await payments.show_payment(session, attempt.id)
    return PaymentAnswer(shown, 202 if attempt.is_open else 201)


async def get_payment(session: AsyncSession, caller: Caller, payment_id: UUID) -> Payment:
    """Raises PaymentNotFound, also for another's."""
    payment = await payments.show_payment(session, payment_id)
    try:
        await get_own_booking(session, payment.booking_id, caller)
    except BookingNotFound:
        raise PaymentNotFound() from None
    return payment


async def _repeat(session: AsyncSession, payment_id: UUID) -> PaymentAnswer:
    """What became of an attempt. While its first request may still be waiting, KeyInFlight."""
    attempt = await payments.get_payment(session, payment_id)
    is_silent = attempt.shown.status is PaymentStatus.CREATED
    if is_silent and await payments.age_of(session, attempt) < payments.GATEWAY_LIMIT:
        raise KeyInFlight(retry_after_seconds=RETRY_AFTER_SECONDS)
    shown = await payments.show_payment(session, payment_id)
    return PaymentAnswer(shown, 202 if attempt.is_open else 201, is_replay=True)


async def _open(
    session: AsyncSession,
    caller: Caller,
    booking_id: UUID,
    request: PaymentRequest,
    card: payments.Card | None,
    purpose: str,
    purpose_id: UUID | None,
) -> Attempt:
    """Decide on an attempt and write it down. Locks the booking, so that there is one at a time."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    due = await purposes.purpose_named(purpose).amount_due(session, booking, purpose_id, now)
    if due.amount_minor <= 0:
        raise NothingDue()
    if await payments.find_open_payment(session, booking.id) is not None:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    who = await _who_pays(session, booking, card)
    decision = await fraud.decide(session, who, now)
    new = NewPayment(
        booking_id=booking.id,
        gateway=request.gateway or CREDIT,
        amount=due,
        card=CardShown(brand=card.brand, country=card.country, last4=card.last4) if card else tender.NO_CARD,
        entities=who,
        verdict=FraudVerdict(decision.decision, decision.score, decision.reasons),
        decline_code=FRAUD_REFUSALS.get(decision.decision),
        purpose=PaymentPurpose(purpose),
        purpose_id=purpose_id,
    )
    return await tender.open_payments(session, caller, booking, new, request.travel_credits, now)


async def _who_pays(session: AsyncSession, booking: BookingRow, card: payments.Card | None) -> Entities:
    people = await vault.get_people(session, [booking.contact_subject_id])
    return fraud.entities(
        user_id=booking.user_id,
        email=people.get(booking.contact_subject_id, {}).get("email"),
        card_fingerprint=card.fingerprint if card else None,
    )
