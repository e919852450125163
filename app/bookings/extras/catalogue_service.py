"""Choosing extras from the catalogue: what each passenger may have on each flight, at the price of today."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings import action_rules, standing
from app.bookings.access import get_own_booking, get_own_booking_for_update
from app.bookings.extras import rules, service
from app.bookings.extras.errors import ExtrasClosed, ExtraUnknown
from app.bookings.extras.rules import Place
from app.bookings.extras.schemas import (
    AvailableExtra,
    ExtraChoice,
    ExtraLine,
    ExtrasOrder,
    ExtrasOrders,
    ExtrasRequest,
    FulfilKind,
)
from app.bookings.schemas import Action, ItemKind, LiveStatus
from app.bookings.standing import Standing
from app.core import clock
from app.core.security import Caller
from app.pricing import service as pricing
from app.pricing.ancillaries.schemas import AncillaryKind


async def list_extras(session: AsyncSession, caller: Caller, booking_id: UUID) -> ExtrasOrders:
    """What was ordered, and what may be. Raises BookingNotFound."""
    booking = await get_own_booking(session, booking_id, caller)
    at = await standing.read(session, booking, await clock.now(session))
    orders = await service.list_orders(session, caller, booking_id)
    if action_rules.why_not(Action.ADD_EXTRAS, at.situation) is not None:
        return ExtrasOrders(data=orders, available=[])
    return ExtrasOrders(data=orders, available=await _available(session, at, orders))


async def order_extras(
    session: AsyncSession, caller: Caller, booking_id: UUID, request: ExtrasRequest
) -> ExtrasOrder:
    """Order from the catalogue, at its prices: had at once on a hold and when free, else once it is paid.

    Raises BookingNotFound, ExtrasClosed, ExtraUnknown, PaymentInProgress. Locks the booking."""
    now = await clock.now(session)
    booking = await get_own_booking_for_update(session, booking_id, caller)
    at = await standing.read(session, booking, now)
    refusal = action_rules.why_not(Action.ADD_EXTRAS, at.situation)
    if refusal is not None:
        raise ExtrasClosed(refusal)
    orders = await service.list_orders(session, caller, booking_id)
    offered = {rules.place_of(each): each for each in await _available(session, at, orders)}
    return await service.order(session, booking, _lines(request, offered), now)


def _lines(request: ExtrasRequest, offered: Mapping[Place, AvailableExtra]) -> list[ExtraLine]:
    lines, asked = [], Counter[Place]()
    for index, choice in enumerate(request.extras):
        for place in _places(choice, offered, f"/extras/{index}"):
            asked[place] += choice.count
            rules.ensure_left(offered[place], asked[place], f"/extras/{index}/count")
            lines += [_line(offered[place])] * choice.count
    return lines


def _places(choice: ExtraChoice, offered: Mapping[Place, AvailableExtra], pointer: str) -> list[Place]:
    """Where a choice is to be had; a choice without a segment is for every flight that has it."""
    found = [place for place in offered if rules.is_meant(choice, place)]
    if not found:
        raise ExtraUnknown("it is not on offer for this passenger there", pointer=f"{pointer}/code")
    return found


async def _available(session: AsyncSession, at: Standing, orders: list[ExtrasOrder]) -> list[AvailableExtra]:
    """For each passenger and flight ahead of them. Seats are not among them: they are chosen by number."""
    had = rules.already_had(
        [item for item in at.items if item.kind == ItemKind.ANCILLARY and item.status == LiveStatus.LIVE],
        orders,
    )
    ticketed = {(coupon.passenger_id, coupon.segment_id) for coupon in at.live_coupons}
    found = []
    for segment in at.live_segments:
        flight = at.flights[segment.flight_id]
        if at.is_off(segment) or at.now >= flight.departs_at:
            continue
        for passenger in at.passengers:
            if at.coupons and (passenger.id, segment.id) not in ticketed:
                continue
            prices = await pricing.list_ancillaries(
                session, flight, at.type_of(passenger.id), at.booking.currency, at.now.date()
            )
            found += [
                AvailableExtra(
                    passenger_id=passenger.id,
                    segment_id=segment.id,
                    kind=FulfilKind(price.kind),
                    code=price.code,
                    description=price.description,
                    amount=price.amount,
                    most=max(0, price.most - had[(passenger.id, segment.id, price.code)]),
                )
                for price in prices
                if price.kind is not AncillaryKind.SEAT
            ]
    return found


def _line(found: AvailableExtra) -> ExtraLine:
    return ExtraLine(
        passenger_id=found.passenger_id,
        segment_id=found.segment_id,
        code=found.code,
        description=found.description,
        amount=found.amount,
        fulfil_kind=found.kind,
    )
