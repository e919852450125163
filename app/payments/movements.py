"""An attempt's way through its states, in the caller's transaction. Booking and payment are locked before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core import events
from app.payments import credit_store, journal, rules, store
from app.payments.gateways.base import Charge, ChargeStatus
from app.payments.models import PaymentRow
from app.payments.schemas import Attempt, PaymentStatus
from app.payments.showing import get_attempt, show_attempt

NOT_ATTEMPTED_CODE = "not_attempted"
ABANDONED_CODE = "action_not_taken"


async def require_action(
    session: AsyncSession, attempt: Attempt, charged: Charge, account: UUID | None, now: datetime
) -> Attempt:
    """The customer has to act before the money can move."""
    named = await _keep_reference(session, attempt, charged)
    if charged.action_url is not None:
        await store.put_action(session, attempt.id, charged.action_url, now)
    waiting = await _move(session, attempt, PaymentStatus.REQUIRES_ACTION, named)
    await record(session, "PaymentActionRequired", waiting, account, now)
    return waiting


async def authorise(
    session: AsyncSession, attempt: Attempt, charged: Charge, account: UUID | None, now: datetime
) -> Attempt:
    """The money is set aside."""
    named = await _keep_reference(session, attempt, charged)
    await _forget_action(session, attempt)
    set_aside = await _move(session, attempt, PaymentStatus.AUTHORISED, named)
    await record(session, "PaymentAuthorised", set_aside, account, now)
    return set_aside


async def capture(
    session: AsyncSession, attempt: Attempt, charged: Charge, account: UUID | None, now: datetime
) -> Attempt:
    """The money came in, and with it what travel credit pays beside it."""
    named = await _keep_reference(session, attempt, charged)
    await _forget_action(session, attempt)
    captured = await _capture(session, attempt, account, now, named)
    for row in await store.find_beside(session, attempt.id):
        await _capture(session, await show_attempt(session, row), account, now)
    return captured


async def fail(
    session: AsyncSession, attempt: Attempt, charged: Charge, account: UUID | None, now: datetime
) -> Attempt:
    """No money comes: refused, never asked, or let go. The travel credit beside it is free again."""
    await _forget_action(session, attempt)
    values: dict[str, object] = {"failed_at": now, "decline_code": charged.decline_code}
    target = PaymentStatus.FAILED
    if charged.status is ChargeStatus.VOIDED:
        was_created = attempt.shown.status is PaymentStatus.CREATED
        values["decline_code"] = charged.decline_code or (
            NOT_ATTEMPTED_CODE if was_created else ABANDONED_CODE
        )
        target = PaymentStatus.FAILED if was_created else PaymentStatus.VOIDED
    for row in await store.find_beside(session, attempt.id):
        await _let_credit_go(session, row, now)
    failed = await _move(session, attempt, target, values)
    await record(session, "PaymentFailed", failed, account, now)
    return failed


async def mark(
    session: AsyncSession, payment_id: UUID, target: PaymentStatus, more: dict[str, object] | None = None
) -> bool:
    """Move a payment without an event of its own. False: it is past that already."""
    row = await store.find_payment_for_update(session, payment_id)
    if row is None or not rules.may_become(PaymentStatus(row.status), target):
        return False
    await store.update_payment(session, payment_id, {"status": target} | (more or {}))
    return True


async def record(
    session: AsyncSession, event_type: str, attempt: Attempt, account: UUID | None, now: datetime
) -> None:
    """Tell of an attempt."""
    payment = attempt.shown
    who = attempt.entities if account is None else {"account": str(account)} | attempt.entities
    payload = {
        "payment_id": payment.id,
        "gateway": payment.gateway,
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


async def _capture(
    session: AsyncSession,
    attempt: Attempt,
    account: UUID | None,
    now: datetime,
    named: dict[str, object] | None = None,
) -> Attempt:
    payment = attempt.shown
    values = (named or {}) | {"captured_at": now}
    captured = await _move(session, attempt, PaymentStatus.CAPTURED, values)
    await record(session, "PaymentSucceeded", captured, account, now)
    by_credit = attempt.travel_credit_id is not None
    lines = (rules.credit_spent_lines if by_credit else rules.capture_lines)(payment.amount.amount_minor)
    await journal.post(
        session, lines, payment.amount.currency, payment.booking_id, now, payment_id=payment.id
    )
    return captured


async def _let_credit_go(session: AsyncSession, row: PaymentRow, now: datetime) -> None:
    if row.travel_credit_id is None:
        raise RuntimeError(f"payment {row.id} is beside another and no travel credit")
    # What was only set aside comes back as it was: its life is not longer for it.
    await credit_store.return_to_credit(session, row.travel_credit_id, row.amount_minor, now)
    await store.update_payment(session, row.id, {"status": PaymentStatus.VOIDED, "failed_at": now})


async def _move(
    session: AsyncSession, attempt: Attempt, target: PaymentStatus, values: dict[str, object] | None = None
) -> Attempt:
    if not rules.may_become(attempt.shown.status, target):
        raise RuntimeError(f"payment {attempt.id} is {attempt.shown.status} and cannot become {target}")
    await store.update_payment(session, attempt.id, {"status": target} | (values or {}))
    return await get_attempt(session, attempt.id)


async def _forget_action(session: AsyncSession, attempt: Attempt) -> None:
    if attempt.shown.status is PaymentStatus.REQUIRES_ACTION:
        await store.delete_action(session, attempt.id)


async def _keep_reference(session: AsyncSession, attempt: Attempt, charged: Charge) -> dict[str, object]:
    """Claim the provider's name for the charge; gives what is to be written with the payment's next move."""
    if not charged.reference or charged.reference == attempt.reference:
        return {}
    await store.insert_reference(session, attempt.shown.gateway, charged.reference, attempt.id)
    return {"provider_reference": charged.reference}
