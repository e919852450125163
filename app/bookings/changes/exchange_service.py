"""Exchanging flights: what it comes to, and doing it. Old coupons, segments and seats go; new ones come."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import offer_rows, sale_service, telling
from app.bookings import rules as booking_rules
from app.bookings import store as bookings
from app.bookings.changes import rules
from app.bookings.changes.errors import ChangeDiffers, NotChangeable
from app.bookings.extras import service as extras
from app.bookings.models import CouponRow, ItemRow, PassengerRow, SegmentRow
from app.bookings.schemas import CouponStatus, ItemKind, LiveStatus
from app.bookings.standing import Standing
from app.bookings.ticket_service import issue_ticket, seats_of
from app.core.ids import uuid7
from app.flights import service as flights
from app.inventory import service as inventory
from app.offers.schemas import Offer
from app.payments import journal
from app.payments import refund_service as refunds
from app.payments.schemas import RefundTo
from app.pricing.schemas import PassengerType

REFUND_REASON = "change"


@dataclass(frozen=True)
class Plan:
    """A change worked out: what goes, for what, and what it comes to."""

    at: Standing
    offer: Offer
    slice_numbers: list[int]
    travellers: Sequence[PassengerRow]
    coupons: Sequence[CouponRow]
    extras: Sequence[ItemRow]
    seat_items: Sequence[ItemRow]
    figures: rules.ChangeFigures
    residual_to: RefundTo


@dataclass(frozen=True)
class Exchanged:
    """What a change paid back, and what of it is to be sent after the commit."""

    refund_ids: Sequence[UUID]
    orders: Sequence[refunds.RefundOrder]


async def plan(session: AsyncSession, at: Standing, offer: Offer, slice_numbers: Sequence[int]) -> Plan:
    """What putting the offer's slices in the place of these would do.

    Raises NotChangeable, ChangeDiffers, PassengersDiffer, FlightClosed."""
    chosen = set(slice_numbers)
    coupons = [coupon for coupon in at.live_coupons if at.segment(coupon.segment_id).slice_number in chosen]
    if not coupons or any(coupon.status != CouponStatus.OPEN for coupon in coupons):
        raise NotChangeable("somebody is checked in or has flown, or nobody flies there any more")
    if offer.total.currency != at.booking.currency:
        raise ChangeDiffers(f"the booking is in {at.booking.currency}", pointer="/offer_id")
    travellers = _travellers(at, coupons, chosen)
    booking_rules.match_passengers(
        [price.type for price in offer.passengers], [PassengerType(each.type) for each in travellers]
    )
    await _ensure_a_journey(session, at, offer, slice_numbers)
    found = sale_service.extras_of(at, coupons)
    seat_ids = await extras.find_seat_items(session, at.booking.id)
    seat_items = [item for item in found if item.id in seat_ids]
    others = [item for item in found if item.id not in seat_ids and item.segment_id is not None]
    figures = _figures(at, offer, coupons, seat_items)
    to = _residual_to(at, coupons)
    return Plan(at, offer, list(slice_numbers), travellers, coupons, others, seat_items, figures, to)


async def exchange(session: AsyncSession, plan: Plan, change_id: UUID) -> Exchanged:
    """Carry the plan out. Locks the cabins, last.

    Raises CouponInUse, SoldOut."""
    at, booking, now, figures = plan.at, plan.at.booking, plan.at.now, plan.figures
    returned = await sale_service.take_back(session, at, plan.coupons, CouponStatus.EXCHANGED)
    segments, numbers = await _write_new(session, plan)
    await _move_extras(session, plan, segments)
    if figures.penalty_minor:
        await bookings.insert_rows(session, ItemRow, [_penalty_item(plan)])
    await journal.record_exchange(
        session,
        booking.id,
        old=(figures.old_fare_minor + figures.seats_back_minor, figures.old_tax_minor),
        new=(figures.new_fare_minor, figures.new_tax_minor),
        penalty_minor=figures.penalty_minor,
        currency=booking.currency,
        now=now,
    )
    exchanged = await _pay_back(session, plan)
    await bookings.update_booking(session, booking.id, {})
    await telling.booking_changed(session, booking, _told(plan, change_id, segments, numbers), now)
    await inventory.exchange_seats(session, returned, seats_of(plan.travellers, segments), now)
    return exchanged


async def _pay_back(session: AsyncSession, plan: Plan) -> Exchanged:
    """What is left over, as money or as credit that is had at once."""
    booking, now = plan.at.booking, plan.at.now
    if not plan.figures.residual_minor:
        return Exchanged([], [])
    orders = await refunds.spread(session, booking.id, plan.figures.residual_minor, REFUND_REASON, now)
    refund_ids = [order.shown.id for order in orders]
    if plan.residual_to is RefundTo.PAYMENT:
        return Exchanged(refund_ids, orders)
    await refunds.turn_into_credit(session, orders, booking.user_id, now)
    return Exchanged(refund_ids, [])


def _travellers(at: Standing, coupons: Sequence[CouponRow], numbers: set[int]) -> list[PassengerRow]:
    """Who flies these slices: the same people on all of them. Raises NotChangeable."""
    by_slice: dict[int, set[UUID]] = defaultdict(set)
    for coupon in coupons:
        by_slice[at.segment(coupon.segment_id).slice_number].add(coupon.passenger_id)
    parties = [by_slice[number] for number in numbers]
    if any(party != parties[0] for party in parties):
        raise NotChangeable("other people fly each of these slices; change one at a time")
    return [passenger for passenger in at.passengers if passenger.id in parties[0]]


async def _ensure_a_journey(
    session: AsyncSession, at: Standing, offer: Offer, slice_numbers: Sequence[int]
) -> None:
    """Raises FlightClosed, ChangeDiffers when slices would overlap in time."""
    new_ids = [segment.flight_id for part in offer.slices for segment in part.segments]
    new = await flights.get_flights(session, new_ids)
    for flight in new.values():
        flights.ensure_open_for_sale(flight, at.now)
    times: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for segment in at.live_segments:
        if segment.slice_number not in slice_numbers:
            flight = at.flights[segment.flight_id]
            times[segment.slice_number].append((flight.departs_at, flight.arrives_at))
    for number, part in zip(slice_numbers, offer.slices, strict=True):
        flown = [new[segment.flight_id] for segment in part.segments]
        times[number] = [(flight.departs_at, flight.arrives_at) for flight in flown]
    spans = [(min(span)[0], max(end for _, end in span)) for _, span in sorted(times.items())]
    if not rules.is_in_order(spans):
        raise ChangeDiffers("a slice would leave before the one before it has arrived", pointer="/offer_id")


def _figures(
    at: Standing, offer: Offer, coupons: Sequence[CouponRow], seat_items: Sequence[ItemRow]
) -> rules.ChangeFigures:
    by_passenger: dict[UUID, list[CouponRow]] = defaultdict(list)
    for coupon in coupons:
        by_passenger[coupon.passenger_id].append(coupon)
    given_up = [
        booking_rules.TicketValue(sum(each.fare_minor for each in own), sum(each.tax_minor for each in own))
        for own in by_passenger.values()
    ]
    segments = {coupon.segment_id: at.segment(coupon.segment_id) for coupon in coupons}
    stated = [at.change_condition(segment) for segment in segments.values()]
    conditions = booking_rules.strictest([booking_rules.conditions_of(each) for each in stated])
    new_fare_minor = sum(price.fare.amount_minor for price in offer.passengers)
    return rules.ChangeFigures(
        old_fare_minor=sum(ticket.fare_minor for ticket in given_up),
        old_tax_minor=sum(ticket.tax_minor for ticket in given_up),
        new_fare_minor=new_fare_minor,
        new_tax_minor=offer.total.amount_minor - new_fare_minor,
        seats_back_minor=sum(item.amount_minor for item in seat_items),
        penalty_minor=rules.change_penalty(given_up, conditions, is_involuntary=_is_any_off(at, coupons)),
    )


def _residual_to(at: Standing, coupons: Sequence[CouponRow]) -> RefundTo:
    segments = [at.segment(segment_id) for segment_id in {coupon.segment_id for coupon in coupons}]
    stated = [booking_rules.conditions_of(at.refund_condition(segment)) for segment in segments]
    can_be_undone = booking_rules.is_in_void_window(at.booking.ticketed_at, at.departs_at, at.now)
    is_free = can_be_undone or _is_any_off(at, coupons)
    return rules.residual_to(booking_rules.strictest(stated), is_free=is_free)


def _is_any_off(at: Standing, coupons: Sequence[CouponRow]) -> bool:
    gone = {coupon.id for coupon in coupons}
    return any(part.is_flight_off for part in at.situation.parts if part.coupon_id in gone)


async def _write_new(session: AsyncSession, plan: Plan) -> tuple[list[SegmentRow], list[str]]:
    """New segments, items and a new ticket for each traveller: the segments, and the tickets' numbers."""
    booking, now = plan.at.booking, plan.at.now
    common: dict[str, Any] = {"booking_id": booking.id, "created_at": now}
    rows = offer_rows.segment_rows(plan.offer, common, plan.slice_numbers)
    await bookings.insert_rows(session, SegmentRow, rows)
    places = booking_rules.match_passengers(
        [price.type for price in plan.offer.passengers],
        [PassengerType(each.type) for each in plan.travellers],
    )
    items = [
        item
        for passenger, place in zip(plan.travellers, places, strict=True)
        for item in offer_rows.item_rows(plan.offer, place, common, passenger.id, rows)
    ]
    await bookings.insert_rows(session, ItemRow, items)
    new_ids, item_ids = {row["id"] for row in rows}, {item["id"] for item in items}
    segments = [each for each in await bookings.find_segments(session, [booking.id]) if each.id in new_ids]
    written = [item for item in await bookings.find_items(session, booking.id) if item.id in item_ids]
    numbers = [
        await issue_ticket(session, booking, passenger, segments, written, now)
        for passenger in plan.travellers
    ]
    return segments, numbers


async def _move_extras(session: AsyncSession, plan: Plan, segments: Sequence[SegmentRow]) -> None:
    """What was paid for a seat is given back; everything else goes along on the slice's new first flight."""
    if plan.seat_items:
        await bookings.cancel_items(session, [item.id for item in plan.seat_items])
    first = {segment.slice_number: segment.id for segment in reversed(segments)}
    for item in plan.extras:
        if item.segment_id is not None:
            await bookings.move_item(session, item.id, first[plan.at.segment(item.segment_id).slice_number])


def _penalty_item(plan: Plan) -> dict[str, object]:
    return {
        "id": uuid7(),
        "booking_id": plan.at.booking.id,
        "kind": ItemKind.PENALTY,
        "code": "CHANGE",
        "description": "Kept for changing",
        "amount_minor": plan.figures.penalty_minor,
        "currency": plan.at.booking.currency,
        "status": LiveStatus.LIVE,
        "created_at": plan.at.now,
    }


def _told(plan: Plan, change_id: UUID, segments: Sequence[SegmentRow], numbers: list[str]) -> dict[str, Any]:
    figures = plan.figures
    return {
        "change_id": change_id,
        "slice_numbers": plan.slice_numbers,
        "old_flight_ids": sorted({str(coupon.flight_id) for coupon in plan.coupons}),
        "flight_ids": [segment.flight_id for segment in segments],
        "ticket_numbers": numbers,
        "penalty_minor": figures.penalty_minor,
        "due_minor": figures.due_minor,
        "residual_minor": figures.residual_minor,
        "currency": plan.at.booking.currency,
    }
