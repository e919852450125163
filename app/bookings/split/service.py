"""Splitting a booking: a second one with its own locator, for which nobody pays or is paid again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, answers, rules, standing, telling
from app.bookings import store as bookings
from app.bookings.access import get_own_booking_for_update
from app.bookings.assistance import service as assistance
from app.bookings.errors import PaymentInProgress
from app.bookings.extras import service as extras
from app.bookings.locators import new_locator
from app.bookings.models import BookingRow, ItemRow, SegmentRow
from app.bookings.schemas import Action, Answer, Booking, LiveStatus
from app.bookings.split import store
from app.bookings.split.errors import NotSplittable
from app.bookings.split.schemas import SplitRequest
from app.bookings.standing import Standing
from app.core import clock
from app.core.context import current
from app.core.idempotency import RETRY_AFTER_SECONDS, Idempotency
from app.core.ids import uuid7
from app.core.security import Caller
from app.inventory import service as inventory
from app.payments import journal, share_service
from app.payments import service as payments

# What a booking takes over from the one it comes out of, beside what says who and when.
_SAME = (
    "user_id", "contact_subject_id", "status", "offer_id", "channel", "currency",
    "price_guarantee_expires_at", "payment_required_by", "email_hash", "phone_hash", "device_hash", "ip_hash",
    "ip24_hash", "surname_hashes", "prior_hashes", "distinct_surnames", "ip_country", "ip_airport",
    "confirmed_at", "ticketed_at",
)  # fmt: skip


async def split(
    session: AsyncSession, key: Idempotency, caller: Caller, booking_id: UUID, request: SplitRequest
) -> Answer[Booking]:
    """Move passengers with their tickets, seats, extras and their share of the money into a booking of their
    own, once per key.

    Raises BookingNotFound, NotSplittable, PaymentInProgress."""
    kept = await key.find(session)
    if kept is not None:
        return Answer(await answers.with_names(session, kept.response), kept.status_code, is_replay=True)
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    at = await standing.read(session, booking, now)
    leaving = sorted(set(request.passenger_ids))
    await _ensure_splittable(session, at, leaving)
    new = await _write_booking(session, at, leaving)
    await _move(session, at, new, leaving)
    await _tell(session, at, new, leaving)
    body = await answers.show_booking(session, new, now)
    await key.store_text(session, 201, answers.without_names(body))
    return Answer(body, 201)


async def _ensure_splittable(session: AsyncSession, at: Standing, leaving: Sequence[UUID]) -> None:
    situation = at.situation
    refusal = action_rules.why_not(Action.SPLIT, situation)
    if refusal is not None:
        raise NotSplittable(refusal)
    if at.is_payment_open:
        raise PaymentInProgress(retry_after_seconds=RETRY_AFTER_SECONDS)
    travellers = set(situation.travellers)
    if not set(leaving) <= travellers:
        raise NotSplittable("there is no such passenger with a ticket", pointer="/passenger_ids")
    had_adult = action_rules.has_adult(situation)
    for party in (set(leaving), travellers - set(leaving)):
        types = [situation.party[key] for key in party]
        if not action_rules.is_sound_party(types, had_adult=had_adult):
            raise NotSplittable("each booking needs an adult, and a lap for every infant")
    if _worth(_moved_items(at, leaving)) > await payments.paid_minor(session, at.booking.id):
        raise NotSplittable("money of it is on its way back; try again when it has arrived")


async def _write_booking(session: AsyncSession, at: Standing, leaving: Sequence[UUID]) -> BookingRow:
    context, booking, new_id = current(), at.booking, uuid7()
    values = {name: getattr(booking, name) for name in _SAME} | {
        "id": new_id,
        "pnr": await new_locator(session, new_id),
        "total_minor": _worth(_moved_items(at, leaving)),
        "passenger_count": len(leaving),
        "created_at": at.now,
        "request_id": context.request_id,
        "simulated": booking.simulated,
    }
    await bookings.insert_rows(session, BookingRow, [values])
    stays = {
        "passenger_count": booking.passenger_count - len(leaving),
        "total_minor": max(0, booking.total_minor - _worth(_moved_items(at, leaving))),
    }
    await bookings.update_booking(session, booking.id, stays)
    new = await bookings.find_booking(session, new_id)
    if new is None:
        raise RuntimeError(f"booking {new_id} was written and is not there")
    return new


async def _move(session: AsyncSession, at: Standing, new: BookingRow, leaving: Sequence[UUID]) -> None:
    """Everything that is a passenger's goes along; the same flights are written down for both."""
    segments = await _copy_segments(session, at, new, leaving)
    items = _moved_items(at, leaving)
    taxes = _worth([item for item in items if item.kind in rules.TAX_KINDS])
    await store.move_passengers(session, leaving, new.id)
    await store.move_tickets(session, leaving, new.id)
    await store.move_coupons(session, leaving, new.id, segments)
    await store.move_items(session, leaving, new.id, segments)
    await extras.move_lines(session, at.booking.id, leaving, new.id, segments, at.now)
    await assistance.move_requests(session, leaving, new.id, segments)
    await share_service.share(session, at.booking.id, new.id, _worth(items))
    await journal.record_split(
        session,
        at.booking.id,
        new.id,
        fare_minor=_worth(items) - taxes,
        tax_minor=taxes,
        currency=new.currency,
        now=at.now,
    )
    await inventory.move_seats_for_update(session, at.booking.id, new.id, leaving)


async def _copy_segments(
    session: AsyncSession, at: Standing, new: BookingRow, leaving: Sequence[UUID]
) -> dict[UUID, UUID]:
    """Old segment -> new, for each that a leaving passenger has a coupon of, whatever became of it."""
    moved = {coupon.segment_id for coupon in at.coupons if coupon.passenger_id in leaving}
    moved |= {item.segment_id for item in at.items if item.passenger_id in leaving and item.segment_id}
    copies = {segment.id: uuid7() for segment in at.segments if segment.id in moved}
    rows: list[dict[str, Any]] = [
        {
            "id": copies[segment.id],
            "booking_id": new.id,
            "flight_id": segment.flight_id,
            "slice_number": segment.slice_number,
            "segment_number": segment.segment_number,
            "cabin": segment.cabin,
            "fare_class": segment.fare_class,
            "fare_product_id": segment.fare_product_id,
            "status": segment.status,
            "created_at": at.now,
        }
        for segment in at.segments
        if segment.id in copies
    ]
    await bookings.insert_rows(session, SegmentRow, rows)
    left = [coupon for coupon in at.live_coupons if coupon.passenger_id not in leaving]
    empty = [
        segment.id
        for segment in at.live_segments
        if segment.id in copies and all(coupon.segment_id != segment.id for coupon in left)
    ]
    if empty:
        # Not cancelled: it is flown under the other locator.
        await bookings.end_segments(session, empty, LiveStatus.EXCHANGED)
    return copies


def _moved_items(at: Standing, leaving: Sequence[UUID]) -> list[ItemRow]:
    return [item for item in at.items if item.passenger_id in leaving and item.status == LiveStatus.LIVE]


def _worth(items: Sequence[ItemRow]) -> int:
    return sum(item.amount_minor for item in items)


async def _tell(session: AsyncSession, at: Standing, new: BookingRow, leaving: Sequence[UUID]) -> None:
    """To both: each history says where the others went."""
    worth = {"amount_minor": new.total_minor, "currency": new.currency, "passenger_count": len(leaving)}
    split_off = worth | {"other_booking_id": new.id, "other_pnr": new.pnr}
    await telling.record(session, "BookingSplit", at.booking, split_off, at.now)
    came_from = worth | {"other_booking_id": at.booking.id, "other_pnr": at.booking.pnr}
    await telling.record(session, "BookingSplitOff", new, came_from, at.now)
