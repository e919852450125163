"""Rows of payments as those above see them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.money import Money
from app.payments import store
from app.payments.errors import PaymentNotFound
from app.payments.gateways.base import ChargeOrder
from app.payments.models import PaymentRow
from app.payments.schemas import (
    Attempt,
    CardShown,
    NextAction,
    Payment,
    PaymentPurpose,
    PaymentStatus,
)


async def get_attempt(session: AsyncSession, payment_id: UUID) -> Attempt:
    """Raises PaymentNotFound."""
    row = await store.find_payment(session, payment_id)
    if row is None:
        raise PaymentNotFound()
    return await show_attempt(session, row)


async def show_attempt(session: AsyncSession, row: PaymentRow) -> Attempt:
    url = None
    if row.status == PaymentStatus.REQUIRES_ACTION:
        url = await store.find_action(session, row.id)
    known = {
        "email": row.email_hash,
        "device": row.device_hash,
        "ip": row.ip_hash,
        "ip24": row.ip24_hash,
        "card": row.card_hash,
    }
    return Attempt(
        shown=_payment(row, url),
        entities={kind: value for kind, value in known.items() if value is not None},
        fraud_decision=row.fraud_decision,
        fraud_score=row.fraud_score,
        attempted_at=row.attempted_at,
        request_id=row.request_id,
        simulated=row.simulated,
        purpose_id=row.purpose_id,
        reference=row.provider_reference,
        beside_id=row.beside_id,
        travel_credit_id=row.travel_credit_id,
        shared_from=row.shared_from,
    )


async def add_credit(session: AsyncSession, payment: Payment) -> Payment:
    """The payment with what travel credit pays beside it."""
    beside = await store.find_beside(session, payment.id)
    if not beside:
        return payment
    paid_minor = sum(row.amount_minor for row in beside)
    credit = Money(amount_minor=paid_minor, currency=payment.amount.currency)
    return payment.model_copy(update={"travel_credit": credit})


def order_of(
    attempt: Attempt, key: str, token: str | None = None, return_url: str | None = None
) -> ChargeOrder:
    """What a provider is told of an attempt."""
    amount = attempt.shown.amount
    return ChargeOrder(key, amount.amount_minor, amount.currency, token, return_url, attempt.reference)


def _payment(row: PaymentRow, action_url: str | None) -> Payment:
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
        next_action=NextAction(url=action_url) if action_url else None,
    )
