"""Showing schedule changes to whose bookings they are, and doing what they decide."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit import service as audit
from app.bookings.access import get_own_booking, get_own_booking_for_update, is_agent_of
from app.bookings.errors import BookingNotFound
from app.bookings.payment_service import settle_refund
from app.bookings.reaccommodation import service as reaccommodation
from app.bookings.reaccommodation.schemas import NewSegment
from app.bookings.reaccommodation.service import LockedBooking
from app.core import clock, events
from app.core.db import transaction
from app.core.idempotency import Idempotency
from app.core.security import Caller
from app.disruptions.changes import store
from app.disruptions.changes.errors import (
    NoAlternative,
    OptionUnknown,
    ScheduleChangeDecided,
    ScheduleChangeNotFound,
)
from app.disruptions.changes.models import ScheduleChangeRow
from app.disruptions.changes.schemas import (
    ChangeKind,
    ChangeStatus,
    Option,
    OptionFlight,
    Proposal,
    RefundShown,
    ScheduleChange,
    ScheduleChangeRefunded,
    ScheduleChanges,
)
from app.flights import service as flights
from app.payments import refund_service as refunds

# More than any booking lives to see.
MAX_CHANGES = 50


async def get(session: AsyncSession, caller: Caller, change_id: UUID) -> ScheduleChange:
    """Raises ScheduleChangeNotFound, also for another's."""
    row = await _find(session, change_id)
    try:
        await get_own_booking(session, row.booking_id, caller)
    except BookingNotFound:
        raise ScheduleChangeNotFound() from None
    return show(row)


async def list_of_booking(session: AsyncSession, caller: Caller, booking_id: UUID) -> ScheduleChanges:
    """The newest first. Raises BookingNotFound, also for another's."""
    await get_own_booking(session, booking_id, caller)
    rows = await store.list_changes(session, booking_id, MAX_CHANGES)
    return ScheduleChanges(data=[show(row) for row in rows])


async def accept(session: AsyncSession, caller: Caller, change_id: UUID) -> ScheduleChange:
    """Stay on the flight, or take the first option, as proposed.

    Raises ScheduleChangeNotFound, ScheduleChangeDecided, NoAlternative, and what `choose` raises."""
    booking, row = await _lock(session, caller, change_id)
    now = await clock.now(session)
    if row.proposal == Proposal.NONE:
        raise NoAlternative()
    if row.proposal == Proposal.KEEP:
        await _decide(session, caller, booking, row, ChangeStatus.ACCEPTED, None, now)
        return show(await _find(session, change_id))
    return await _take(session, caller, booking, row, 0, ChangeStatus.ACCEPTED, now)


async def choose(session: AsyncSession, caller: Caller, change_id: UUID, option: int) -> ScheduleChange:
    """Take one of the options.

    Raises ScheduleChangeNotFound, ScheduleChangeDecided, OptionUnknown; FlightClosed, SoldOut and
    NothingToMove when it cannot be carried out."""
    booking, row = await _lock(session, caller, change_id)
    if option >= len(row.options):
        raise OptionUnknown(f"there are {len(row.options)}, counted from 0", pointer="/option")
    return await _take(session, caller, booking, row, option, ChangeStatus.CHANGED, await clock.now(session))


async def refund(key: Idempotency, caller: Caller, change_id: UUID) -> tuple[ScheduleChangeRefunded, bool]:
    """Give back all that was not flown, once per key; whether this is a repeat. Refunds are asked for after
    the commit. Raises ScheduleChangeNotFound, ScheduleChangeDecided, NothingToMove, PaymentInProgress."""
    orders: list[refunds.RefundOrder] = []
    async with transaction() as session:
        kept = await key.find(session)
        if kept is None:
            orders = await _refund(session, caller, change_id)
            refund_ids = [str(order.shown.id) for order in orders]
            await key.store(session, 200, {"refund_ids": refund_ids})
        else:
            refund_ids = list(kept.response["refund_ids"])
    for order in orders:
        await settle_refund(order)
    async with transaction() as session:
        found = [(await refunds.get_refund_order(session, UUID(each))).shown for each in refund_ids]
        shown = [RefundShown(id=each.id, amount=each.amount, status=each.status) for each in found]
        answer = ScheduleChangeRefunded(schedule_change=show(await _find(session, change_id)), refunds=shown)
    return answer, kept is not None


def show(row: ScheduleChangeRow) -> ScheduleChange:
    return ScheduleChange(
        id=row.id,
        booking_id=row.booking_id,
        kind=ChangeKind(row.kind),
        status=ChangeStatus(row.status),
        flight_id=row.flight_id,
        slice_number=row.slice_number,
        proposal=Proposal(row.proposal),
        options=[Option.model_validate(option) for option in row.options],
        chosen=row.chosen,
        respond_by=row.respond_by,
        created_at=row.created_at,
        decided_at=row.decided_at,
    )


async def _refund(session: AsyncSession, caller: Caller, change_id: UUID) -> list[refunds.RefundOrder]:
    booking, row = await _lock(session, caller, change_id)
    now = await clock.now(session)
    await _decide(session, caller, booking, row, ChangeStatus.REFUNDED, None, now)
    await store.supersede(session, booking.id, None, now)
    return await reaccommodation.refund(session, booking, now)


async def _take(
    session: AsyncSession,
    caller: Caller,
    booking: LockedBooking,
    row: ScheduleChangeRow,
    place: int,
    status: ChangeStatus,
    now: datetime,
) -> ScheduleChange:
    option = Option.model_validate(row.options[place])
    chosen = await flights.get_flights(session, [each.flight_id for each in option.flights])
    for flight in chosen.values():
        flights.ensure_open_for_sale(flight, now)
    await _decide(session, caller, booking, row, status, place, now)
    wanted = [NewSegment(each.flight_id, each.fare_class) for each in option.flights]
    await reaccommodation.move(session, booking, row.segment_ids, wanted, now)
    return show(await _find(session, row.id))


async def _lock(
    session: AsyncSession, caller: Caller, change_id: UUID
) -> tuple[LockedBooking, ScheduleChangeRow]:
    """The booking is locked before its schedule change is looked at again."""
    booking_id = (await _find(session, change_id)).booking_id
    try:
        booking = await get_own_booking_for_update(session, booking_id, caller)
    except BookingNotFound:
        raise ScheduleChangeNotFound() from None
    row = await _find(session, change_id)
    if row.status != ChangeStatus.OPEN:
        raise ScheduleChangeDecided(f"it is {row.status}")
    return booking, row


async def _find(session: AsyncSession, change_id: UUID) -> ScheduleChangeRow:
    row = await store.find_change(session, change_id)
    if row is None:
        raise ScheduleChangeNotFound()
    return row


async def _decide(
    session: AsyncSession,
    caller: Caller,
    booking: LockedBooking,
    row: ScheduleChangeRow,
    status: ChangeStatus,
    chosen: int | None,
    now: datetime,
) -> None:
    values = {"status": status, "chosen": chosen, "decided_at": now}
    if not await store.decide(session, row.id, values):
        raise ScheduleChangeDecided()
    new = [] if chosen is None else row.options[chosen]["flights"]
    payload = {
        "pnr": booking.pnr,
        "schedule_change_id": row.id,
        "decision": status,
        "old_flight_ids": [str(row.flight_id)],
        "flight_ids": [str(OptionFlight.model_validate(each).flight_id) for each in new],
    }
    await events.record(
        session,
        "ScheduleChangeDecided",
        "schedule_change",
        row.id,
        payload,
        booking_id=row.booking_id,
        subject_id=booking.contact_subject_id,
        actor_id=caller.acting_user_id,
        occurred_at=now,
    )
    if is_agent_of(booking, caller):
        await audit.record(
            session,
            "schedule_change.decided",
            "schedule_change",
            row.id,
            actor=caller,
            after={"decision": status, "chosen": chosen},
        )
