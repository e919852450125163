"""Charging. What asks a provider runs outside of any transaction; the rest runs in the caller's."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events
from app.core.context import current
from app.core.ids import encode, uuid7
from app.core.money import Money
from app.payments import journal, rules, store
from app.payments.errors import CardUnknown, GatewayUnavailable, PaymentNotFound
from app.payments.gateways import gateway_named
from app.payments.gateways.base import (
    GATEWAY_LIMIT,
    Card,
    Charge,
    ChargeStatus,
    ResultUnknown,
)
from app.payments.models import PaymentRow
from app.payments.schemas import (
    Attempt,
    CardShown,
    NewPayment,
    Payment,
    PaymentPurpose,
    PaymentStatus,
)

__all__ = ["GATEWAY_LIMIT", "RESOLVE_AFTER", "Card", "Charge", "ChargeStatus"]

# Long after a caller has stopped waiting for the provider: by then nobody else is settling the attempt.
RESOLVE_AFTER = timedelta(seconds=60)
GATEWAY_RETRY_SECONDS = 5
VOIDED_CODE = "not_attempted"


async def look_up_card(gateway: str, token: str) -> Card:
    """Ask what a token stands for. Raises GatewayUnknown, CardUnknown, GatewayUnavailable."""
    try:
        card = await gateway_named(gateway).look_up(token)
    except ResultUnknown:
        raise GatewayUnavailable(retry_after_seconds=GATEWAY_RETRY_SECONDS) from None
    if card is None:
        raise CardUnknown(pointer="/card_token")
    return card


async def open_payment(
    session: AsyncSession, new: NewPayment, account: UUID | None, now: datetime
) -> Attempt:
    """Write down the intent to charge, or the refusal to, with the event that tells of it."""
    payment_id = uuid7()
    refused = new.decline_code is not None
    context, entities = current(), new.entities
    await store.insert_payment(
        session,
        {
            "id": payment_id,
            "booking_id": new.booking_id,
            "gateway": new.gateway,
            "status": PaymentStatus.FAILED if refused else PaymentStatus.CREATED,
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
        },
    )
    attempt = _attempt(await _get(session, payment_id))
    await _record(session, "PaymentFailed" if refused else "PaymentPending", attempt, account, now)
    return attempt


async def charge(attempt: Attempt, token: str) -> Charge | None:
    """Ask for the money, under the payment's id. None: no answer came, so nobody knows yet."""
    payment = attempt.shown
    try:
        return await gateway_named(payment.gateway).charge(
            _key(payment), token, payment.amount.amount_minor, payment.amount.currency
        )
    except ResultUnknown:
        return None


async def ask_result(attempt: Attempt) -> Charge | None:
    """What became of an attempt; one the provider never saw is voided for good. None: still no answer."""
    try:
        return await gateway_named(attempt.shown.gateway).settle(_key(attempt.shown))
    except ResultUnknown:
        return None


async def capture(
    session: AsyncSession, attempt: Attempt, charged: Charge, account: UUID | None, now: datetime
) -> Attempt:
    """The money came in."""
    payment = attempt.shown
    await store.insert_reference(session, payment.gateway, charged.reference, payment.id)
    await store.update_payment(
        session,
        payment.id,
        {
            "status": PaymentStatus.CAPTURED,
            "captured_at": now,
            "provider_reference": charged.reference,
        },
    )
    lines = rules.capture_lines(payment.amount.amount_minor)
    await journal.post(
        session, lines, payment.amount.currency, payment.booking_id, now, payment_id=payment.id
    )
    captured = _attempt(await _get(session, payment.id))
    await _record(session, "PaymentSucceeded", captured, account, now)
    return captured


async def fail(
    session: AsyncSession, attempt: Attempt, charged: Charge, account: UUID | None, now: datetime
) -> Attempt:
    """The provider refused, or never heard of it."""
    decline_code = VOIDED_CODE if charged.status is ChargeStatus.VOIDED else charged.decline_code
    values = {"status": PaymentStatus.FAILED, "failed_at": now, "decline_code": decline_code}
    await store.update_payment(session, attempt.id, values)
    failed = _attempt(await _get(session, attempt.id))
    await _record(session, "PaymentFailed", failed, account, now)
    return failed


async def get_payment(session: AsyncSession, payment_id: UUID) -> Attempt:
    """Raises PaymentNotFound."""
    return _attempt(await _get(session, payment_id))


async def get_payment_for_update(session: AsyncSession, payment_id: UUID) -> Attempt:
    """Locks the payment: the booking must be locked before. Raises PaymentNotFound."""
    row = await store.find_payment_for_update(session, payment_id)
    if row is None:
        raise PaymentNotFound()
    return _attempt(row)


async def find_open_payment(session: AsyncSession, booking_id: UUID) -> Attempt | None:
    """The attempt whose result is not known yet."""
    rows = await store.find_payments_of(session, booking_id, [PaymentStatus.CREATED])
    return _attempt(rows[0]) if rows else None


async def find_paid_payment(session: AsyncSession, booking_id: UUID) -> Attempt | None:
    """The payment whose money the booking still holds, with the first one first."""
    rows = await store.find_payments_of(session, booking_id, store.PAID)
    return _attempt(rows[0]) if rows else None


async def find_newest_payment_for(
    session: AsyncSession, booking_id: UUID, purpose_id: UUID
) -> Attempt | None:
    """The last attempt to pay for a change or an order of extras."""
    row = await store.find_newest_payment_for(session, booking_id, purpose_id)
    return None if row is None else _attempt(row)


async def paid_minor(session: AsyncSession, booking_id: UUID) -> int:
    """What the booking holds of the money paid for it: captured, and not on its way back."""
    paid = await store.find_refundable(session, booking_id)
    return sum(left_minor for _, left_minor in paid)


async def find_stuck_payments(session: AsyncSession, limit: int) -> Sequence[UUID]:
    return await store.find_stuck_payments(session, RESOLVE_AFTER, limit)


async def age_of(session: AsyncSession, attempt: Attempt) -> timedelta:
    """How long ago the attempt began, by the real clock."""
    return await store.real_now(session) - attempt.attempted_at


async def _record(
    session: AsyncSession, event_type: str, attempt: Attempt, account: UUID | None, now: datetime
) -> None:
    payment = attempt.shown
    who = attempt.entities if account is None else {"account": str(account)} | attempt.entities
    payload = {
        "payment_id": payment.id,
        "amount_minor": payment.amount.amount_minor,
        "currency": payment.amount.currency,
        "purpose": payment.purpose,
        "fraud_decision": attempt.fraud_decision,
        "fraud_score": attempt.fraud_score,
        "entities": who,
    }
    if payment.decline_code is not None:
        payload["decline_code"] = payment.decline_code
    await events.record(
        session,
        event_type,
        "payment",
        payment.id,
        payload,
        booking_id=payment.booking_id,
        actor_id=account,
        occurred_at=now,
    )


async def _get(session: AsyncSession, payment_id: UUID) -> PaymentRow:
    row = await store.find_payment(session, payment_id)
    if row is None:
        raise PaymentNotFound()
    return row


def _key(payment: Payment) -> str:
    return encode("pay", payment.id)


def _attempt(row: PaymentRow) -> Attempt:
    known = {
        "email": row.email_hash,
        "device": row.device_hash,
        "ip": row.ip_hash,
        "ip24": row.ip24_hash,
        "card": row.card_hash,
    }
    return Attempt(
        shown=_payment(row),
        entities={kind: value for kind, value in known.items() if value is not None},
        fraud_decision=row.fraud_decision,
        fraud_score=row.fraud_score,
        attempted_at=row.attempted_at,
        request_id=row.request_id,
        simulated=row.simulated,
        purpose_id=row.purpose_id,
    )


def _payment(row: PaymentRow) -> Payment:
    return Payment(
        id=row.id,
        booking_id=row.booking_id,
        purpose=PaymentPurpose(row.purpose),
        gateway=row.gateway,
        status=PaymentStatus(row.status),
        amount=Money(amount_minor=row.amount_minor, currency=row.currency),
        refunded=Money(amount_minor=row.refunded_minor, currency=row.currency),
        decline_code=row.decline_code,
        card=CardShown(brand=row.card_brand, country=row.card_country, last4=row.card_last4),
        created_at=row.created_at,
        captured_at=row.captured_at,
        failed_at=row.failed_at,
    )
