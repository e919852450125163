"""Seats at check-in: who has none yet gets the next free one of the cabin, or waits for one on standby."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.bookings.coupon_service import TravelCoupon
from app.checkin import rules
from app.checkin.rules import FreeSeat
from app.inventory import service as inventory
from app.inventory.seats.errors import InfantBlockTaken, SeatTaken
from app.inventory.seats.schemas import SeatWish
from app.pricing.schemas import PassengerType

# The first refusal may come of a seat chosen meanwhile; from then on this transaction has the flight's lock.
# An infant may find the oxygen masks of a whole cabin's blocks taken, one after another.
MAX_ATTEMPTS = 40


async def seats_of(session: AsyncSession, booking_id: UUID, now: datetime) -> dict[tuple[UUID, UUID], str]:
    """The seats of a booking by passenger and flight."""
    assigned = await inventory.list_seat_assignments(session, booking_id, now)
    return {(each.passenger_id, each.flight_id): each.seat for each in assigned}


async def seats_on(session: AsyncSession, flight_id: UUID, now: datetime) -> dict[UUID, str]:
    """The seats of a flight by passenger."""
    return await inventory.list_seats_on(session, flight_id, now)


async def capacities(session: AsyncSession, flight_id: UUID) -> dict[str, int]:
    """Seats by cabin."""
    return dict(Counter(place.cabin for place in (await inventory.get_places(session, flight_id)).values()))


async def seat_party_for_update(
    session: AsyncSession, flight_id: UUID, party: Sequence[TravelCoupon], now: datetime
) -> set[UUID]:
    """Seat those of a booking who have no seat on the flight; gives the passengers there is none for.

    Whoever has an infant on the lap is seated first, since each block of seats has masks for one."""
    booking_id = party[0].booking_id
    seated = await seats_of(session, booking_id, now)
    lacking = [
        coupon
        for coupon in party
        if coupon.passenger_type.needs_seat and (coupon.passenger_id, flight_id) not in seated
    ]
    holders = rules.infant_holders([(each.passenger_id, each.passenger_type) for each in party])
    unseated = set()
    for coupon in [each for each in lacking if each.passenger_id in holders]:
        unseated |= await _seat(session, flight_id, [coupon], now, with_infant=True)
    for cabin in sorted({coupon.cabin for coupon in lacking}):
        rest = [each for each in lacking if each.cabin == cabin and each.passenger_id not in holders]
        unseated |= await _seat(session, flight_id, rest, now, with_infant=False)
    return unseated


async def free_seat_for_update(session: AsyncSession, coupon: TravelCoupon, now: datetime) -> None:
    """The seat is anybody's again."""
    await inventory.release_seats_for_update(
        session, coupon.booking_id, [coupon.passenger_id], coupon.flight_id, now
    )


async def _seat(
    session: AsyncSession, flight_id: UUID, party: Sequence[TravelCoupon], now: datetime, *, with_infant: bool
) -> set[UUID]:
    """Seat passengers of one booking and cabin; gives those for whom nothing is free."""
    if not party:
        return set()
    everyone = {coupon.passenger_id for coupon in party}
    is_young = with_infant or any(each.passenger_type is PassengerType.CHILD for each in party)
    refused: set[str] = set()
    for _ in range(MAX_ATTEMPTS):
        free = await _free_seats(session, flight_id, party[0].cabin, now)
        chosen = rules.choose_seats(
            sorted(everyone), [seat for seat in free if seat.block not in refused], is_young=is_young
        )
        if not chosen:
            return everyone
        wishes = [
            SeatWish(flight_id, passenger_id, seat.seat, party[0].cabin, with_infant=with_infant)
            for passenger_id, seat in chosen.items()
        ]
        try:
            await inventory.assign_wishes_for_update(session, party[0].booking_id, wishes, now)
        except SeatTaken:
            continue
        except InfantBlockTaken:
            refused |= {seat.block for seat in chosen.values()}
            continue
        return everyone - chosen.keys()
    return everyone


async def _free_seats(session: AsyncSession, flight_id: UUID, cabin: str, now: datetime) -> list[FreeSeat]:
    taken = await inventory.list_taken(session, flight_id, now)
    places = await inventory.get_places(session, flight_id)
    return [
        FreeSeat(seat, rules.seat_rank(seat, place.zone), place.is_exit, place.block)
        for seat, place in places.items()
        if place.cabin == cabin and seat not in taken
    ]
