"""Attempts to pay: writing down the intent, and finding them again. Asking a provider is in asking, what
its answers change in movements."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.context import current
from app.core.ids import uuid7
from app.payments import store
from app.payments.asking import ask_result, charge, look_up_card
from app.payments.errors import PaymentNotFound
from app.payments.gateways.base import GATEWAY_LIMIT, Card, Charge, ChargeStatus
from app.payments.movements import authorise, capture, fail, record, require_action
from app.payments.schemas import OPEN_STATUSES, Attempt, NewPayment, Payment, PaymentStatus
from app.payments.showing import add_credit, get_attempt, show_attempt

__all__ = [
    "ACTION_LIFE",
    "GATEWAY_LIMIT",
    "RESOLVE_AFTER",
    "Card",
    "Charge",
    "ChargeStatus",
    "ask_result",
    "authorise",
    "capture",
    "charge",
    "fail",
    "look_up_card",
    "require_action",
]

# Long after a caller has stopped waiting for the provider: by then nobody else is settling the attempt.
RESOLVE_AFTER = timedelta(seconds=60)
# A customer who has not passed the bank's check by then is taken to have left.
ACTION_LIFE = timedelta(minutes=15)


async def open_payment(
    session: AsyncSession, new: NewPayment, account: UUID | None, now: datetime
) -> Attempt:
    """Write down the intent to charge, or the refusal to, with the event that tells of it.

    What travel credit is to pay beside another payment is set aside, and follows that one's fate."""
    payment_id = uuid7()
    refused, context, entities = new.decline_code is not None, current(), new.entities
    status = PaymentStatus.CREATED if new.beside_id is None else PaymentStatus.AUTHORISED
    await store.insert_payment(
        session,
        {
            "id": payment_id,
            "booking_id": new.booking_id,
            "gateway": new.gateway,
            "status": PaymentStatus.FAILED if refused else status,
            "amount_minor": new.amount.amount_minor,
            "currency": new.amount.currency,
            "decline_code": new.decline_code,
            "card_hash": entities.card,
            "card_country": new.card.country,
            "card_brand": new.card.brand,
            "card_last4": new.card.last4,
            "email_hash": entities.email,
            "device_hash": entities.device,
            "ip_hash": entities.ip,
            "ip24_hash": entities.ip24,
            "prior_hashes": entities.prior(),
            "fraud_decision": new.verdict.decision,
            "fraud_score": new.verdict.score,
            "fraud_reasons": new.verdict.reasons,
            "created_at": now,
            "failed_at": now if refused else None,
            "request_id": context.request_id,
            "simulated": context.is_simulated,
            "purpose": new.purpose,
            "purpose_id": new.purpose_id,
            "beside_id": new.beside_id,
            "travel_credit_id": new.travel_credit_id,
        },
    )
    attempt = await get_attempt(session, payment_id)
    await record(session, "PaymentFailed" if refused else "PaymentPending", attempt, account, now)
    return attempt


async def get_payment(session: AsyncSession, payment_id: UUID) -> Attempt:
    """Raises PaymentNotFound."""
    return await get_attempt(session, payment_id)


async def show_payment(session: AsyncSession, payment_id: UUID) -> Payment:
    """A payment as its payer sees it. Raises PaymentNotFound."""
    return await add_credit(session, (await get_attempt(session, payment_id)).shown)


async def find_payment(session: AsyncSession, payment_id: UUID) -> Attempt | None:
    row = await store.find_payment(session, payment_id)
    return None if row is None else await show_attempt(session, row)


async def get_payment_for_update(session: AsyncSession, payment_id: UUID) -> Attempt:
    """Locks the payment: the booking must be locked before. Raises PaymentNotFound."""
    row = await store.find_payment_for_update(session, payment_id)
    if row is None:
        raise PaymentNotFound()
    return await show_attempt(session, row)


async def find_by_reference(session: AsyncSession, gateway: str, reference: str) -> Attempt | None:
    """The payment a provider means by its own name for a charge."""
    payment_id = await store.find_referenced(session, gateway, reference)
    return None if payment_id is None else await get_attempt(session, payment_id)


async def find_beside(session: AsyncSession, payment_id: UUID) -> list[Attempt]:
    """What travel credit pays beside a payment."""
    return [await show_attempt(session, row) for row in await store.find_beside(session, payment_id)]


async def list_payments(session: AsyncSession, booking_id: UUID) -> list[Payment]:
    """Every attempt to pay for a booking, the oldest first; travel credit beside a card is shown with it."""
    rows = await store.find_payments_of(session, booking_id, list(PaymentStatus))
    attempts = [await show_attempt(session, row) for row in rows]
    return [await add_credit(session, each.shown) for each in attempts if each.beside_id is None]


async def find_open_payment(session: AsyncSession, booking_id: UUID) -> Attempt | None:
    """The attempt whose result is not known yet."""
    rows = await store.find_payments_of(session, booking_id, OPEN_STATUSES)
    return await show_attempt(session, rows[0]) if rows else None


async def find_paid_payment(session: AsyncSession, booking_id: UUID) -> Attempt | None:
    """The payment whose money the booking still holds, with the first one first."""
    rows = await store.find_payments_of(session, booking_id, store.PAID)
    return await show_attempt(session, rows[0]) if rows else None


async def find_newest_payment_for(
    session: AsyncSession, booking_id: UUID, purpose_id: UUID
) -> Attempt | None:
    """The last attempt to pay for a change or an order of extras."""
    row = await store.find_newest_payment_for(session, booking_id, purpose_id)
    return None if row is None else await show_attempt(session, row)


async def list_captured(session: AsyncSession, booking_id: UUID) -> list[Payment]:
    """Every payment of a booking whose money came in, whatever became of it since, the oldest first."""
    rows = await store.find_captured(session, booking_id)
    return [(await show_attempt(session, row)).shown for row in rows]


async def paid_minor(session: AsyncSession, booking_id: UUID) -> int:
    """What the booking holds of the money paid for it: captured, and not on its way back."""
    paid = await store.find_refundable(session, booking_id)
    return sum(left_minor for _, left_minor in paid)


async def find_stuck_payments(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Attempts without a result for a minute, and those whose customer has left."""
    return await store.find_stuck_payments(session, RESOLVE_AFTER, ACTION_LIFE, limit)


async def age_of(session: AsyncSession, attempt: Attempt) -> timedelta:
    """How long ago the attempt began, by the real clock."""
    return await store.real_now(session) - attempt.attempted_at
