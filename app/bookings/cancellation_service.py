"""Cancelling a booking or part of it: a quote that expires, then its confirmation; only the newest counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, answers, rules, sale_service, standing, store, telling
from app.bookings.access import get_booking_for_update, get_own_booking_for_update, is_agent_of
from app.bookings.errors import (
    BookingNotFound,
    CancellationNotFound,
    NotCancellable,
    PartNotCancellable,
    PaymentInProgress,
    QuoteExpired,
    QuoteSuperseded,
)
from app.bookings.models import (
    BookingRow,
    CancellationCouponRow,
    CancellationRow,
    CouponRow,
    ItemRow,
    SegmentRow,
)
from app.bookings.payment_service import settle_refund
from app.bookings.schemas import (
    Action,
    Answer,
    BookingStatus,
    Cancellation,
    CancellationRequest,
    CancellationStatus,
    CouponStatus,
    ItemKind,
    LiveStatus,
)
from app.bookings.standing import Standing
from app.core import clock
from app.core.db import transaction
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency
from app.core.ids import uuid7
from app.core.security import Caller, ensure_step_up
from app.inventory import service as inventory
from app.inventory.schemas import HoldOutcome
from app.payments import journal
from app.payments import refund_service as refunds
from app.payments.schemas import RefundTo
from app.settings import service as settings
from app.settings.registry import QUOTE_LIFE

REFUND_REASON = "cancellation"
NOTHING = rules.CancellationFigures(fare_minor=0, tax_minor=0, penalty_minor=0)


@dataclass(frozen=True)
class Plan:
    """What a cancellation would do now."""

    coupons: Sequence[CouponRow]
    extras: Sequence[ItemRow]
    figures: rules.CancellationFigures
    is_whole: bool
    is_void: bool


async def quote(
    session: AsyncSession, caller: Caller, booking_id: UUID, request: CancellationRequest | None = None
) -> Cancellation:
    """Say what cancelling would keep and give back; earlier quotes of the booking end.

    Raises BookingNotFound, NotCancellable, PartNotCancellable, PaymentInProgress."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    at = await standing.read(session, booking, now)
    plan = _plan(at, _chosen(at, request))
    await store.supersede_quotes(session, booking.id)
    cancellation_id = await _write_quote(session, at, plan)
    return await _shown(session, cancellation_id)


async def confirm(
    key: Idempotency, caller: Caller, cancellation_id: UUID, refund_to: RefundTo = RefundTo.PAYMENT
) -> Answer[Cancellation]:
    """Cancel as quoted, once per key, and pay back. Refunds are asked for after the commit, and show
    `created` until the provider has confirmed them; into travel credit they are done with it.

    Raises CancellationNotFound, QuoteSuperseded, QuoteExpired, NotCancellable, PaymentInProgress; for an
    agent who pays back another's money, StepUpRequired."""
    orders: list[refunds.RefundOrder] = []
    async with transaction() as session:
        kept = await key.find(session)
        if kept is None:
            orders = await _confirm(session, caller, cancellation_id)
            if orders and refund_to is RefundTo.TRAVEL_CREDIT:
                booking = await get_booking_for_update(session, orders[0].booking_id)
                await refunds.turn_into_credit(session, orders, booking.user_id, await clock.now(session))
                orders = []
            await key.store(session, 200, {"cancellation_id": str(cancellation_id)})
    for order in orders:
        await settle_refund(order)
    async with transaction() as session:
        return Answer(await _shown(session, cancellation_id), 200, is_replay=kept is not None)


async def cancel_involuntarily(session: AsyncSession, at: Standing) -> list[refunds.RefundOrder]:
    """Cancel what of a ticketed booking is not flown and give all of it back, since it is no fault of the
    traveller's; the refunds to be sent after the commit. Raises PaymentInProgress."""
    if at.is_payment_open:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    coupons = [coupon for coupon in at.live_coupons if coupon.status == CouponStatus.OPEN]
    extras = sale_service.extras_of(at, coupons)
    figures = rules.cancellation_figures(
        _ticket_values(coupons),
        rules.strictest(
            [rules.conditions_of(at.refund_condition(segment)) for segment in _segments(at, coupons)]
        ),
        is_involuntary=True,
        extras_minor=sum(item.amount_minor for item in extras),
    )
    plan = Plan(coupons, extras, figures, is_whole=len(coupons) == len(at.live_coupons), is_void=False)
    await store.supersede_quotes(session, at.booking.id)
    cancellation_id = await _write_quote(session, at, plan)
    await store.confirm_quote(session, cancellation_id, at.now)
    await store.confirm_cancelled_coupons(session, cancellation_id)
    return await _cancel_tickets(session, at, plan, cancellation_id)


async def _confirm(session: AsyncSession, caller: Caller, cancellation_id: UUID) -> list[refunds.RefundOrder]:
    now = await clock.now(session)
    booking = await _lock_booking_of(session, caller, cancellation_id)
    quoted = await _get(session, cancellation_id)
    if quoted.status == CancellationStatus.SUPERSEDED:
        raise QuoteSuperseded()
    if quoted.status == CancellationStatus.CONFIRMED:
        raise NotCancellable("it has been cancelled")
    if now >= quoted.expires_at:
        raise QuoteExpired()
    at = await standing.read(session, booking, now)
    chosen = set(await store.find_cancelled_coupons(session, cancellation_id))
    if not chosen and at.live_coupons:
        raise QuoteSuperseded("the booking has been paid for since; ask for another quote")
    plan = _plan(at, [coupon for coupon in at.live_coupons if coupon.id in chosen])
    figures = plan.figures
    if len(plan.coupons) != len(chosen) or (figures.penalty_minor, figures.refund_minor) != (
        quoted.penalty_minor,
        quoted.refund_minor,
    ):
        raise QuoteSuperseded("the booking has changed since; ask for another quote")
    if figures.refund_minor and is_agent_of(booking, caller):
        ensure_step_up(caller)
    await store.confirm_quote(session, cancellation_id, now)
    await store.confirm_cancelled_coupons(session, cancellation_id)
    if booking.status == BookingStatus.HELD:
        await give_up_hold(session, booking, now)
        return []
    return await _cancel_tickets(session, at, plan, cancellation_id)


async def _write_quote(session: AsyncSession, at: Standing, plan: Plan) -> UUID:
    cancellation_id = uuid7()
    row = {
        "id": cancellation_id,
        "booking_id": at.booking.id,
        "status": CancellationStatus.QUOTED,
        "penalty_minor": plan.figures.penalty_minor,
        "refund_minor": plan.figures.refund_minor,
        "currency": at.booking.currency,
        "quoted_at": at.now,
        "expires_at": at.now + await settings.get(session, QUOTE_LIFE, at=at.now),
        "is_whole": plan.is_whole,
        "is_void": plan.is_void,
    }
    await store.insert_rows(session, CancellationRow, [row])
    if plan.coupons:
        what = [{"cancellation_id": cancellation_id, "coupon_id": coupon.id} for coupon in plan.coupons]
        await store.insert_rows(session, CancellationCouponRow, what)
    return cancellation_id


async def _lock_booking_of(session: AsyncSession, caller: Caller, cancellation_id: UUID) -> BookingRow:
    """The booking is locked before its cancellation is looked at again. Raises CancellationNotFound."""
    booking_id = (await _get(session, cancellation_id)).booking_id
    try:
        return await get_own_booking_for_update(session, booking_id, caller)
    except BookingNotFound:
        raise CancellationNotFound() from None


def _chosen(at: Standing, request: CancellationRequest | None) -> Sequence[CouponRow]:
    """The coupons a request names. Raises PartNotCancellable when it names what the booking has not."""
    if request is None or (request.passenger_ids is None and request.slice_numbers is None):
        return at.live_coupons
    situation = at.situation
    passengers = set(request.passenger_ids or situation.travellers)
    slices = set(request.slice_numbers or situation.slice_numbers)
    if not passengers <= set(situation.travellers):
        raise PartNotCancellable("there is no such passenger with a ticket", pointer="/passenger_ids")
    if not slices <= set(situation.slice_numbers):
        raise PartNotCancellable("there is no such slice with a ticket", pointer="/slice_numbers")
    named = {
        part.coupon_id
        for part in situation.parts
        if part.passenger_id in passengers and part.slice_number in slices
    }
    return [coupon for coupon in at.live_coupons if coupon.id in named]


def _plan(at: Standing, coupons: Sequence[CouponRow]) -> Plan:
    """What cancelling these coupons costs now; no coupons at all: the hold.

    Raises NotCancellable, PartNotCancellable, PaymentInProgress."""
    is_whole = len(coupons) == len(at.live_coupons)
    if is_whole:
        refusal = action_rules.why_not(Action.CANCEL, at.situation)
        if refusal is not None:
            raise NotCancellable(refusal)
    else:
        _ensure_part_may_go(at, coupons)
    if at.is_payment_open:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    if at.status is BookingStatus.HELD:
        return Plan([], [], NOTHING, is_whole=True, is_void=False)
    extras = sale_service.extras_of(at, coupons)
    in_window = rules.is_in_void_window(at.booking.ticketed_at, at.departs_at, at.now)
    figures = rules.cancellation_figures(
        _ticket_values(coupons),
        rules.strictest(
            [rules.conditions_of(at.refund_condition(segment)) for segment in _segments(at, coupons)]
        ),
        is_involuntary=in_window or _is_any_off(at, coupons),
        extras_minor=sum(item.amount_minor for item in extras),
    )
    return Plan(coupons, extras, figures, is_whole, is_void=in_window and _are_whole_tickets(at, coupons))


def _ensure_part_may_go(at: Standing, coupons: Sequence[CouponRow]) -> None:
    situation = at.situation
    gone = {coupon.id for coupon in coupons}
    parts = [part for part in situation.parts if part.coupon_id in gone]
    if situation.status not in action_rules.TICKETED:
        raise PartNotCancellable(f"it is {situation.status}")
    if not action_rules.is_free_to_go(parts, situation.now):
        raise PartNotCancellable("somebody is checked in, or one of these flights has left")
    for number in {part.slice_number for part in parts}:
        left = [
            situation.party[part.passenger_id]
            for part in situation.of_slices([number])
            if part.coupon_id not in gone
        ]
        if left and not action_rules.is_sound_party(left, had_adult=action_rules.has_adult(situation)):
            raise PartNotCancellable("a child or an infant would travel without an adult")


def _segments(at: Standing, coupons: Sequence[CouponRow]) -> list[SegmentRow]:
    return [at.segment(segment_id) for segment_id in {coupon.segment_id for coupon in coupons}]


def _is_any_off(at: Standing, coupons: Sequence[CouponRow]) -> bool:
    gone = {coupon.id for coupon in coupons}
    return any(part.is_flight_off for part in at.situation.parts if part.coupon_id in gone)


def _are_whole_tickets(at: Standing, coupons: Sequence[CouponRow]) -> bool:
    gone, tickets = {coupon.id for coupon in coupons}, {coupon.ticket_id for coupon in coupons}
    return all(coupon.id in gone for coupon in at.coupons if coupon.ticket_id in tickets)


def _ticket_values(coupons: Sequence[CouponRow]) -> list[rules.TicketValue]:
    by_passenger: dict[UUID, list[CouponRow]] = defaultdict(list)
    for coupon in coupons:
        by_passenger[coupon.passenger_id].append(coupon)
    return [
        rules.TicketValue(sum(each.fare_minor for each in own), sum(each.tax_minor for each in own))
        for own in by_passenger.values()
    ]


async def give_up_hold(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    """Cancel what nobody has paid for. The booking must be locked, and no payment under way."""
    await _close(session, booking, now)
    await store.set_items(session, [booking.id], LiveStatus.CANCELLED)
    await store.set_segments(session, [booking.id], LiveStatus.CANCELLED)
    await telling.booking_cancelled(session, booking, NOTHING, now)
    await inventory.release_holds(session, booking.id, HoldOutcome.CANCELLED, now)


async def _cancel_tickets(
    session: AsyncSession, at: Standing, plan: Plan, cancellation_id: UUID
) -> list[refunds.RefundOrder]:
    """Take the sale back, or this part of it. Locks the cabins, last."""
    booking, figures, now = at.booking, plan.figures, at.now
    status = CouponStatus.VOID if plan.is_void else CouponStatus.REFUNDED
    seats = await sale_service.take_back(session, at, plan.coupons, status)
    if plan.extras:
        await store.cancel_items(session, [item.id for item in plan.extras])
    if figures.penalty_minor:
        await store.insert_rows(session, ItemRow, [_penalty_item(booking, figures.penalty_minor, now)])
    await journal.record_cancellation(
        session,
        booking.id,
        figures.fare_minor + figures.extras_minor,
        figures.tax_minor,
        figures.penalty_minor,
        booking.currency,
        now,
    )
    orders = await _open_refunds(session, booking, figures.refund_minor, cancellation_id, now)
    if plan.is_whole:
        await _close(session, booking, now)
        await telling.booking_cancelled(session, booking, figures, now)
    else:
        await store.update_booking(session, booking.id, {})
        await telling.booking_part_cancelled(session, booking, figures, plan.coupons, now)
    await inventory.return_seats(session, seats, now)
    return orders


async def _close(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    await store.update_booking(session, booking.id, {"status": BookingStatus.CANCELLED, "cancelled_at": now})


def _penalty_item(booking: BookingRow, penalty_minor: int, now: datetime) -> dict[str, object]:
    return {
        "id": uuid7(),
        "booking_id": booking.id,
        "kind": ItemKind.PENALTY,
        "code": "CANCEL",
        "description": "Kept on cancellation",
        "amount_minor": penalty_minor,
        "currency": booking.currency,
        "status": LiveStatus.LIVE,
        "created_at": now,
    }


async def _open_refunds(
    session: AsyncSession, booking: BookingRow, refund_minor: int, cancellation_id: UUID, now: datetime
) -> list[refunds.RefundOrder]:
    if refund_minor == 0:
        return []
    return await refunds.spread(session, booking.id, refund_minor, REFUND_REASON, now, cancellation_id)


async def _shown(session: AsyncSession, cancellation_id: UUID) -> Cancellation:
    row = await _get(session, cancellation_id)
    found = await refunds.find_refunds_of_cancellation(session, cancellation_id)
    coupon_ids = await store.find_cancelled_coupons(session, cancellation_id)
    return answers.show_cancellation(row, found, coupon_ids)


async def _get(session: AsyncSession, cancellation_id: UUID) -> CancellationRow:
    row = await store.find_cancellation(session, cancellation_id)
    if row is None:
        raise CancellationNotFound()
    return row
