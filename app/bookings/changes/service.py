"""Quoting and confirming a change. What is due is paid first; then everything changes at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, purposes, standing
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.changes import exchange_service, rules, store
from app.bookings.changes.errors import ChangeDiffers, ChangeNotFound, NotChangeable, PaymentNeeded
from app.bookings.changes.models import ChangeRow
from app.bookings.changes.schemas import Change, ChangeConfirmation, ChangeRequest, ChangeStatus
from app.bookings.errors import BookingNotFound, PaymentInProgress, QuoteExpired, QuoteSuperseded
from app.bookings.models import BookingRow
from app.bookings.payment_service import pay, settle_refund
from app.bookings.schemas import Action, Answer
from app.bookings.standing import Standing
from app.core import clock
from app.core.db import transaction
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency
from app.core.ids import uuid7
from app.core.money import Money
from app.core.security import Caller
from app.offers import service as offers
from app.offers.schemas import Offer
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.payments.schemas import Attempt, PaymentPurpose, RefundTo
from app.settings import service as settings
from app.settings.registry import QUOTE_LIFE


async def quote(session: AsyncSession, caller: Caller, booking_id: UUID, request: ChangeRequest) -> Change:
    """Say what changing to an offer would cost or give back; earlier quotes of the booking end.

    Raises BookingNotFound, NotChangeable, ChangeDiffers, OfferNotFound, OfferExpired, FlightClosed,
    PaymentInProgress."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    at = await standing.read(session, booking, now)
    refusal = action_rules.why_not(Action.CHANGE, at.situation)
    if refusal is not None:
        raise NotChangeable(refusal)
    offer = await offers.get_offer(session, request.offer_id, now)
    plan = await exchange_service.plan(session, at, offer, _slices(at, offer, request.slice_numbers))
    await store.supersede(session, booking.id)
    change_id = uuid7()
    quote_life = await settings.get(session, QUOTE_LIFE, at=now)
    await store.insert_change(session, _values(change_id, plan, offer, now, quote_life))
    await store.insert_coupons(session, change_id, [coupon.id for coupon in plan.coupons])
    return await _shown(session, change_id)


async def confirm(
    key: Idempotency, caller: Caller, change_id: UUID, request: ChangeConfirmation
) -> Answer[Change]:
    """Change as quoted, once per key. What is due is charged first; what is left over is paid back after.

    200 with the change: `confirmed`, or still `quoted` beside a payment that failed; 202 while the provider
    has not answered. Raises ChangeNotFound, NotChangeable, QuoteSuperseded, QuoteExpired, PaymentNeeded,
    PaymentInProgress, SoldOut, FlightClosed."""
    async with transaction() as session:
        row = await _get_own(session, caller, change_id)
    if _figures(row).due_minor == 0:
        return await _confirm_without_payment(key, caller, row)
    if request.payment is None:
        raise PaymentNeeded(pointer="/payment")
    paid = await pay(key, caller, row.booking_id, request.payment, PaymentPurpose.CHANGE, change_id)
    async with transaction() as session:
        status_code = 202 if paid.status_code == 202 else 200
        return Answer(await _shown(session, change_id), status_code, paid.is_replay)


async def _confirm_without_payment(key: Idempotency, caller: Caller, quoted: ChangeRow) -> Answer[Change]:
    orders: list[refunds.RefundOrder] = []
    async with transaction() as session:
        kept = await key.find(session)
        if kept is None:
            now = await clock.now(session)
            booking = await get_own_booking_for_update(session, quoted.booking_id, caller)
            plan = await _replan(session, booking, quoted.id, now)
            orders = await _apply(session, plan, quoted.id)
            await key.store(session, 200, {"change_id": str(quoted.id)})
    for order in orders:
        await settle_refund(order)
    async with transaction() as session:
        return Answer(await _shown(session, quoted.id), 200, is_replay=kept is not None)


class Changes:
    """The purpose `change`: what its quote says is due, and the exchange of flights that it buys."""

    async def amount_due(
        self, session: AsyncSession, booking: BookingRow, purpose_id: UUID | None, now: datetime
    ) -> Money:
        """Raises QuoteSuperseded, QuoteExpired, NotChangeable."""
        plan = await _replan(session, booking, purpose_id, now)
        return Money(amount_minor=plan.figures.due_minor, currency=booking.currency)

    async def apply(
        self,
        session: AsyncSession,
        booking: BookingRow,
        purpose_id: UUID | None,
        attempt: Attempt,
        now: datetime,
    ) -> None:
        """A quote that ran out while it was being paid still holds, if the seats are there.

        Raises QuoteSuperseded, NotChangeable, SoldOut, FlightClosed."""
        plan = await _replan(session, booking, purpose_id, now, is_paid=True)
        if plan.figures.due_minor != attempt.shown.amount.amount_minor or purpose_id is None:
            raise QuoteSuperseded("another amount was paid")
        await _apply(session, plan, purpose_id)


async def _replan(
    session: AsyncSession,
    booking: BookingRow,
    change_id: UUID | None,
    now: datetime,
    *,
    is_paid: bool = False,
) -> exchange_service.Plan:
    """The plan of the newest quote, made again: it must come to what was quoted. The booking is locked."""
    row = None if change_id is None else await store.find_change(session, change_id)
    if row is None or row.booking_id != booking.id:
        raise ChangeNotFound()
    if row.status == ChangeStatus.SUPERSEDED:
        raise QuoteSuperseded()
    if row.status == ChangeStatus.CONFIRMED:
        raise NotChangeable("it has been changed so")
    if now >= row.expires_at and not is_paid:
        raise QuoteExpired()
    at = await standing.read(session, booking, now)
    if at.is_payment_open and not is_paid:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    offer = Offer.model_validate(row.offer)
    plan = await exchange_service.plan(session, at, offer, row.slice_numbers)
    quoted = set(await store.find_coupon_ids(session, row.id))
    if plan.figures != _figures(row) or {coupon.id for coupon in plan.coupons} != quoted:
        raise QuoteSuperseded("the booking has changed since; ask for another quote")
    # As it was promised, though the day in which a purchase can be undone may have ended since.
    return replace(plan, residual_to=RefundTo(row.residual_to))


async def _apply(
    session: AsyncSession, plan: exchange_service.Plan, change_id: UUID
) -> list[refunds.RefundOrder]:
    await store.confirm(session, change_id, plan.at.now)
    await store.confirm_coupons(session, change_id)
    exchanged = await exchange_service.exchange(session, plan, change_id)
    await store.set_refunds(session, change_id, list(exchanged.refund_ids))
    return list(exchanged.orders)


def _slices(at: Standing, offer: Offer, asked: Sequence[int] | None) -> list[int]:
    """Which slices the offer's take the place of. Raises NotChangeable, ChangeDiffers."""
    changeable = action_rules.changeable_slices(at.situation)
    numbers = list(asked) if asked is not None else changeable[: len(offer.slices)]
    if not set(numbers) <= set(changeable):
        raise NotChangeable(f"slices that may be changed: {changeable}", pointer="/slice_numbers")
    if len(set(numbers)) != len(numbers) or len(numbers) != len(offer.slices):
        raise ChangeDiffers(f"the offer has {len(offer.slices)} slices", pointer="/slice_numbers")
    return numbers


def _values(
    change_id: UUID, plan: exchange_service.Plan, offer: Offer, now: datetime, life: timedelta
) -> dict[str, object]:
    figures = plan.figures
    return {
        "id": change_id,
        "booking_id": plan.at.booking.id,
        "status": ChangeStatus.QUOTED,
        "offer_id": offer.id,
        "offer": offer.model_dump(mode="json"),
        "slice_numbers": plan.slice_numbers,
        "old_fare_minor": figures.old_fare_minor,
        "old_tax_minor": figures.old_tax_minor,
        "new_fare_minor": figures.new_fare_minor,
        "new_tax_minor": figures.new_tax_minor,
        "seats_back_minor": figures.seats_back_minor,
        "penalty_minor": figures.penalty_minor,
        "currency": plan.at.booking.currency,
        "residual_to": plan.residual_to,
        "quoted_at": now,
        "expires_at": now + life,
    }


def _figures(row: ChangeRow) -> rules.ChangeFigures:
    return rules.ChangeFigures(
        old_fare_minor=row.old_fare_minor,
        old_tax_minor=row.old_tax_minor,
        new_fare_minor=row.new_fare_minor,
        new_tax_minor=row.new_tax_minor,
        seats_back_minor=row.seats_back_minor,
        penalty_minor=row.penalty_minor,
    )


async def _get_own(session: AsyncSession, caller: Caller, change_id: UUID) -> ChangeRow:
    row = await store.find_change(session, change_id)
    if row is None:
        raise ChangeNotFound()
    try:
        await get_own_booking(session, row.booking_id, caller)
    except BookingNotFound:
        raise ChangeNotFound() from None
    return row


async def _shown(session: AsyncSession, change_id: UUID) -> Change:
    row = await store.find_change(session, change_id)
    if row is None:
        raise ChangeNotFound()
    figures, offer = _figures(row), Offer.model_validate(row.offer)
    attempt = await payments.find_newest_payment_for(session, row.booking_id, row.id)

    def money(amount_minor: int) -> Money:
        return Money(amount_minor=amount_minor, currency=row.currency)

    return Change(
        id=row.id,
        booking_id=row.booking_id,
        status=ChangeStatus(row.status),
        offer_id=row.offer_id,
        slice_numbers=row.slice_numbers,
        slices=offer.slices,
        fare_difference=money(figures.new_fare_minor - figures.old_fare_minor),
        tax_difference=money(figures.new_tax_minor - figures.old_tax_minor),
        penalty=money(figures.penalty_minor),
        seats_back=money(figures.seats_back_minor),
        due=money(figures.due_minor),
        residual=money(figures.residual_minor),
        residual_to=RefundTo(row.residual_to),
        quoted_at=row.quoted_at,
        expires_at=row.expires_at,
        confirmed_at=row.confirmed_at,
        payment=None if attempt is None else attempt.shown,
        refunds=[(await refunds.get_refund_order(session, refund_id)).shown for refund_id in row.refund_ids],
    )


purposes.register(PaymentPurpose.CHANGE, Changes())
