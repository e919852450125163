"""What becomes of an attempt to pay: the money buys what it was for, or it goes back. Also for attempts
and refunds whose process is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import purposes, rules, store, telling
from app.bookings.access import get_booking_for_update
from app.bookings.models import BookingRow
from app.bookings.schemas import BookingStatus, LiveStatus
from app.core import clock
from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.errors import DomainError, Unavailable
from app.flights.errors import FlightClosed
from app.inventory import service as inventory
from app.inventory.errors import SoldOut
from app.inventory.schemas import HoldOutcome
from app.payments import asking
from app.payments import refund_service as refunds
from app.payments import service as payments
from app.payments.schemas import Attempt, PaymentStatus
from app.pricing.schemas import PassengerType

# Attempts a chore settles at a time, and how many of them at once: each holds a connection for a moment.
RESOLVE_LIMIT = 50
RESOLVE_PARALLELISM = 3
# Set aside, then taken or let go, then perhaps paid back: more would be a provider that contradicts itself.
MOST_STEPS = 4


@dataclass(frozen=True)
class NextStep:
    """What has to be asked of providers once the transaction has committed."""

    attempt: Attempt | None = None
    ask: Callable[[Attempt], Awaitable[payments.Charge | None]] | None = None
    refused_as: str | None = None
    orders: tuple[refunds.RefundOrder, ...] = ()


NOTHING_MORE = NextStep()


async def settle(attempt: Attempt, charged: payments.Charge) -> Attempt:
    """Write what became of an attempt, once, whoever asked, and do what follows from it."""
    async with transaction() as session:
        step = await settle_in(session, attempt, charged, await clock.now(session))
    if await go_on(step):
        async with transaction() as session:
            return await payments.get_payment(session, attempt.id)
    return step.attempt or attempt


async def settle_in(
    session: AsyncSession, attempt: Attempt, charged: payments.Charge, now: datetime
) -> NextStep:
    """The same within a transaction; what follows is for after its commit. News that come too late change
    nothing. Locks booking, payment, then cabins."""
    booking = await get_booking_for_update(session, attempt.shown.booking_id)
    attempt = await payments.get_payment_for_update(session, attempt.id)
    who, is_new = booking.user_id, attempt.shown.status is PaymentStatus.CREATED
    if not attempt.is_open or attempt.beside_id is not None:
        return NextStep(attempt)
    match charged.status:
        case payments.ChargeStatus.PENDING:
            return NextStep(attempt)
        case payments.ChargeStatus.REQUIRES_ACTION:
            if is_new:
                attempt = await payments.require_action(session, attempt, charged, who, now)
            return NextStep(attempt)
        case payments.ChargeStatus.AUTHORISED:
            if attempt.shown.status is not PaymentStatus.AUTHORISED:
                attempt = await payments.authorise(session, attempt, charged, who, now)
            refusal = await _rehearse(session, booking, attempt, now)
            return NextStep(attempt, asking.void if refusal else asking.capture, refusal)
        case payments.ChargeStatus.CAPTURED:
            attempt = await payments.capture(session, attempt, charged, who, now)
            return NextStep(attempt, orders=await _apply_or_refund(session, booking, attempt, now))
        case _:
            return NextStep(await payments.fail(session, attempt, charged, who, now))


async def go_on(step: NextStep) -> bool:
    """Ask of providers what a step leaves to be asked; whether there was anything. What gets no answer
    waits for the chore."""
    was_asked = False
    for _ in range(MOST_STEPS):
        for order in step.orders:
            await settle_refund(order)
            was_asked = True
        if step.ask is None or step.attempt is None:
            return was_asked
        was_asked = True
        charged = await step.ask(step.attempt)
        if charged is None:
            return was_asked
        if charged.status is payments.ChargeStatus.VOIDED:
            charged = replace(charged, decline_code=step.refused_as)
        async with transaction() as session:
            step = await settle_in(session, step.attempt, charged, await clock.now(session))
    return was_asked


async def settle_refund(order: refunds.RefundOrder) -> None:
    """Ask the provider to pay back and write its answer; without one, the chore asks again."""
    answer = await refunds.send_refund(order)
    if answer is None:
        return
    async with transaction() as session:
        await get_booking_for_update(session, order.booking_id)
        await refunds.finish_refund(session, order.shown.id, answer, await clock.now(session))


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


class _Rehearsed(Exception):
    """Thrown to undo a rehearsal that went well."""


async def _rehearse(
    session: AsyncSession, booking: BookingRow, attempt: Attempt, now: datetime
) -> str | None:
    """Whether money that is only set aside could buy what it is for: None, or the code of the refusal.

    It is bought and undone, so that what is refused is let go and never taken. Raises Unavailable."""
    done = payments.Charge(payments.ChargeStatus.CAPTURED, attempt.reference or "")
    try:
        async with session.begin_nested():
            taken = await payments.capture(session, attempt, done, booking.user_id, now)
            purpose = purposes.purpose_named(attempt.purpose)
            await purpose.apply(session, booking, attempt.purpose_id, taken, now)
            raise _Rehearsed
    except _Rehearsed:
        return None
    except Unavailable:
        raise
    except DomainError as refusal:
        return refusal.code


async def _apply_or_refund(
    session: AsyncSession, booking: BookingRow, attempt: Attempt, now: datetime
) -> tuple[refunds.RefundOrder, ...]:
    """Money is never kept for nothing: it buys what it was for, all of it, or it goes back."""
    purpose = purposes.purpose_named(attempt.purpose)
    try:
        async with session.begin_nested():
            await purpose.apply(session, booking, attempt.purpose_id, attempt, now)
    except Unavailable:
        # Nothing was decided about the money: the chore tries again.
        raise
    except DomainError as refusal:
        if isinstance(refusal, (SoldOut, FlightClosed)) and booking.status == BookingStatus.HELD:
            await _give_up_hold(session, booking, now)
        together = [attempt, *await payments.find_beside(session, attempt.id)]
        return tuple(
            [
                await refunds.open_refund(
                    session, each.shown, each.shown.amount.amount_minor, refusal.code, now
                )
                for each in together
            ]
        )
    return ()


async def _give_up_hold(session: AsyncSession, booking: BookingRow, now: datetime) -> None:
    """Expire the booking whose seats are gone."""
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
    if charged is not None and _is_abandoned(attempt, charged):
        charged = await asking.void(attempt)
    if charged is None:
        return False
    act_for(attempt, attempt.shown.created_at, age)
    return not (await settle(attempt, charged)).is_open


def _is_abandoned(attempt: Attempt, charged: payments.Charge) -> bool:
    """Whether the customer has had all the time there is: only then is such an attempt looked at here."""
    return (
        attempt.shown.status is PaymentStatus.REQUIRES_ACTION
        and charged.status is payments.ChargeStatus.REQUIRES_ACTION
    )


async def _resolve_refund(refund_id: UUID) -> bool:
    async with transaction() as session:
        order = await refunds.get_refund_order(session, refund_id)
        attempt = await payments.get_payment(session, order.shown.payment_id)
        age = await refunds.age_of(session, refund_id)
    act_for(attempt, order.shown.created_at, age)
    await settle_refund(order)
    async with transaction() as session:
        return (await refunds.get_refund_order(session, refund_id)).shown.done_at is not None


def act_for(attempt: Attempt, created_at: datetime, age: timedelta) -> None:
    """Go on with a request after its process is gone: under its id, and for a simulated one at the virtual
    moment it has reached by now. To the wall clock every virtual hold would long be dead."""
    bind(
        RequestContext(
            request_id=attempt.request_id,
            virtual_now=created_at + age if attempt.simulated else None,
            is_simulated=attempt.simulated,
        )
    )
