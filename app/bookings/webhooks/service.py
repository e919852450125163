"""Taking webhooks: verified, each once, in whatever order they come. Only forward moves have an effect."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import settlement_service, store
from app.bookings.access import get_booking_for_update
from app.bookings.webhooks.errors import WebhookDiffers, WebhookMalformed, WebhookUnsigned
from app.bookings.webhooks.schemas import EventOutcome, EventTaken
from app.core import clock
from app.core.db import transaction
from app.core.ids import decode
from app.payments import asking
from app.payments import dispute_service as disputes
from app.payments import events_service as events
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.payments.errors import GatewayUnavailable
from app.payments.gateways import gateway_named
from app.payments.gateways.base import (
    ChargeNotice,
    DisputeNotice,
    GatewayEvent,
    LookAgain,
    RefundNotice,
    ResultUnknown,
    SignatureInvalid,
)
from app.payments.schemas import Attempt

EVENTS = Counter("contrail_gateway_events", "Webhooks of payment providers", ["gateway", "outcome"])
# A provider sends again what it could not be asked about; this is when it may.
RETRY_AFTER_SECONDS = 30
log = structlog.get_logger(__name__)


async def take_event(gateway: str, headers: Mapping[str, str], body: bytes) -> EventTaken:
    """Carry out what a provider tells, once per event id, in one transaction with the note that it was taken.

    What then has to be asked of the provider (a capture, a refund) is asked after the commit; what fails
    of that the chore does again. Raises WebhookUnsigned, WebhookMalformed, WebhookDiffers, GatewayUnknown."""
    event = await _read(gateway, headers, body)
    async with transaction() as session:
        if not await events.claim(session, gateway, event.id, event.type):
            outcome, step = EventOutcome.DUPLICATE, settlement_service.NOTHING_MORE
        else:
            outcome, step = await _carry_out(session, gateway, event)
            await events.note(session, gateway, event.id, outcome)
    EVENTS.labels(gateway, outcome).inc()
    log.info("gateway_event", gateway=gateway, type=event.type, outcome=outcome)
    await settlement_service.go_on(step)
    return EventTaken(event_id=event.id, outcome=outcome)


async def _read(gateway: str, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
    try:
        return await gateway_named(gateway).read_event(headers, body)
    except SignatureInvalid:
        raise WebhookUnsigned() from None
    except ResultUnknown:
        raise GatewayUnavailable(retry_after_seconds=RETRY_AFTER_SECONDS) from None
    except (ValueError, KeyError, TypeError) as error:
        raise WebhookMalformed(type(error).__name__) from None


async def _carry_out(
    session: AsyncSession, gateway: str, event: GatewayEvent
) -> tuple[EventOutcome, settlement_service.NextStep]:
    nothing = settlement_service.NOTHING_MORE
    match event.notice:
        case ChargeNotice() as notice:
            return await _charge(session, gateway, notice)
        case RefundNotice() as notice:
            return await _refund(session, gateway, notice), nothing
        case DisputeNotice() as notice:
            return await _dispute(session, gateway, notice)
        case LookAgain() as notice:
            attempt = await _find(session, gateway, notice.key, None)
            if attempt is None or not attempt.is_open:
                return EventOutcome.STALE if attempt else EventOutcome.UNKNOWN, nothing
            return EventOutcome.APPLIED, settlement_service.NextStep(attempt, asking.ask_result)
        case None:
            return EventOutcome.IGNORED, nothing


async def _charge(
    session: AsyncSession, gateway: str, notice: ChargeNotice
) -> tuple[EventOutcome, settlement_service.NextStep]:
    attempt = await _find(session, gateway, notice.key, notice.charge.reference)
    if attempt is None:
        return EventOutcome.UNKNOWN, settlement_service.NOTHING_MORE
    _compare(attempt, notice.amount_minor, notice.currency)
    await get_booking_for_update(session, attempt.shown.booking_id)
    was = (await payments.get_payment_for_update(session, attempt.id)).shown.status
    step = await settlement_service.settle_in(
        session, attempt, notice.charge, await _moment(session, attempt)
    )
    is_news = (await payments.get_payment(session, attempt.id)).shown.status is not was
    return EventOutcome.APPLIED if is_news else EventOutcome.STALE, step


async def _refund(session: AsyncSession, gateway: str, notice: RefundNotice) -> EventOutcome:
    try:
        refund_id = decode("ref", notice.key)
    except ValueError:
        return EventOutcome.UNKNOWN
    order = await refunds.find_refund_order(session, refund_id)
    if order is None or order.gateway != gateway:
        return EventOutcome.UNKNOWN
    amount = order.shown.amount
    if (notice.amount_minor, notice.currency) != (amount.amount_minor, amount.currency):
        raise WebhookDiffers()
    attempt = await payments.get_payment(session, order.shown.payment_id)
    await get_booking_for_update(session, attempt.shown.booking_id)
    done = await refunds.finish_refund(session, refund_id, notice.refund, await _moment(session, attempt))
    return EventOutcome.STALE if done.status is order.shown.status else EventOutcome.APPLIED


async def _dispute(
    session: AsyncSession, gateway: str, notice: DisputeNotice
) -> tuple[EventOutcome, settlement_service.NextStep]:
    step = settlement_service.NOTHING_MORE
    attempt = await _find(session, gateway, notice.charge_key, notice.charge_reference)
    if attempt is None:
        return EventOutcome.UNKNOWN, step
    payment = attempt.shown
    if notice.currency != payment.amount.currency or notice.amount_minor > payment.amount.amount_minor:
        raise WebhookDiffers()
    booking, now = await get_booking_for_update(session, payment.booking_id), await _moment(session, attempt)
    if (await payments.get_payment_for_update(session, attempt.id)).is_open:
        # Only money that moved can be disputed: this is the first we hear of its having moved.
        moved = payments.Charge(payments.ChargeStatus.CAPTURED, notice.charge_reference or "")
        step = await settlement_service.settle_in(session, attempt, moved, now)
    attempt = await payments.get_payment_for_update(session, attempt.id)
    dispute = await disputes.take_notice(session, attempt, notice, now)
    if dispute is None:
        return EventOutcome.STALE, step
    await store.update_booking(session, booking.id, {"dispute_status": dispute.status})
    return EventOutcome.APPLIED, step


async def _moment(session: AsyncSession, attempt: Attempt) -> datetime:
    """Go on with the attempt's own request at its own time: holds of a played history are dead to ours."""
    settlement_service.act_for(attempt, attempt.shown.created_at, await payments.age_of(session, attempt))
    return await clock.now(session)


async def _find(
    session: AsyncSession, gateway: str, key: str | None, reference: str | None
) -> Attempt | None:
    """The payment a provider means: by our key for it, or by its own name."""
    attempt = None
    if key is not None:
        payment_id = _payment_id(key)
        attempt = None if payment_id is None else await payments.find_payment(session, payment_id)
    elif reference is not None:
        attempt = await payments.find_by_reference(session, gateway, reference)
    return attempt if attempt is not None and attempt.shown.gateway == gateway else None


def _payment_id(key: str) -> UUID | None:
    try:
        return decode("pay", key)
    except ValueError:
        return None


def _compare(attempt: Attempt, amount_minor: int, currency: str) -> None:
    amount = attempt.shown.amount
    if (amount_minor, currency) != (amount.amount_minor, amount.currency):
        raise WebhookDiffers()
