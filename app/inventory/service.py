"""Moving seats between open, held and sold. Every function locks cabin rows: call them last."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.inventory import rules, store
from app.inventory.controls.service import fit_capacities_for_update
from app.inventory.errors import HoldExpired, SoldOut
from app.inventory.rules import SeatsLeft
from app.inventory.schemas import CabinCounters, HoldOutcome, NewHold, SeatRequest
from app.inventory.seats.service import (
    assign_seats_for_update,
    assign_wishes_for_update,
    ensure_free,
    get_layout,
    get_places,
    list_seat_assignments,
    list_seats_on,
    list_taken,
    make_layouts,
    move_seats_for_update,
    release_seats_for_update,
    reseat_for_update,
    retake_seats_for_update,
    row_places,
)

__all__ = [
    "SeatsLeft",
    "assign_seats_for_update",
    "assign_wishes_for_update",
    "ensure_free",
    "exchange_seats",
    "extend_holds_for_update",
    "fit_capacities_for_update",
    "get_layout",
    "get_places",
    "hold_seats",
    "hold_seats_of_all",
    "list_open_seats",
    "list_seat_assignments",
    "list_seats_on",
    "list_taken",
    "look_at_seats",
    "make_layouts",
    "move_seats_for_update",
    "release_holds",
    "release_holds_of",
    "release_seats_for_update",
    "reseat_for_update",
    "retake_seats_for_update",
    "return_seats",
    "row_places",
    "sell_held_seats",
    "sell_seats",
    "shrink_holds_for_update",
    "take",
]


async def hold_seats(
    session: AsyncSession,
    booking_id: UUID,
    requests: Sequence[SeatRequest],
    now: datetime,
    expires_at: datetime,
) -> None:
    """Hold all the seats for a booking until `expires_at`, or none. Raises SoldOut."""
    await hold_seats_of_all(session, [NewHold(booking_id, rules.merge(requests), expires_at)], now)


async def hold_seats_of_all(session: AsyncSession, holds: Sequence[NewHold], now: datetime) -> None:
    """Hold all the seats of many bookings, or none: one statement, one order of locks. Raises SoldOut.

    The dead holds of the same cabins are released on the way, granted or not."""
    verdict = await store.hold_seats_for_update(session, holds, now)
    if not verdict.granted:
        asked = rules.merge([request for hold in holds for request in hold.requests])
        raise SoldOut(_what_is_left(asked, verdict.cabins))


async def look_at_seats(session: AsyncSession, flight_ids: Collection[UUID], now: datetime) -> SeatsLeft:
    """What the cabins of these flights can still hold at `now`. Locks nothing: only holding seats is a
    promise."""
    return SeatsLeft(await store.list_counters_at(session, flight_ids, now))


def take(left: SeatsLeft, requests: Sequence[SeatRequest]) -> None:
    """Reckon with these seats being held. Raises SoldOut where they are not there."""
    merged = rules.merge(requests)
    if not left.take(merged):
        raise SoldOut(_what_is_left(merged, left.cabins))


async def sell_held_seats(session: AsyncSession, booking_id: UUID, now: datetime) -> None:
    """Turn the booking's holds into sales. Raises HoldExpired, having changed nothing, when one is dead
    at `now` or already ended."""
    if not await store.end_holds_for_update(session, [booking_id], HoldOutcome.SOLD, now):
        raise HoldExpired()


async def sell_seats(session: AsyncSession, requests: Sequence[SeatRequest], now: datetime) -> None:
    """Sell all the seats without a hold, or none: a payment that came after its hold died. Raises SoldOut."""
    merged = rules.merge(requests)
    verdict = await store.sell_seats_for_update(session, merged, now)
    if not verdict.granted:
        raise SoldOut(_what_is_left(merged, verdict.cabins))


async def release_holds(session: AsyncSession, booking_id: UUID, outcome: HoldOutcome, now: datetime) -> int:
    """End what the booking still holds, dead or alive; the number of seats given back."""
    return await release_holds_of(session, [booking_id], outcome, now)


async def release_holds_of(
    session: AsyncSession, booking_ids: Sequence[UUID], outcome: HoldOutcome, now: datetime
) -> int:
    """End what many bookings still hold, in one statement; the number of seats given back."""
    if outcome is HoldOutcome.SOLD:
        raise ValueError("holds are sold by sell_held_seats")
    return await store.end_holds_for_update(session, booking_ids, outcome, now)


async def extend_holds_for_update(
    session: AsyncSession, booking_id: UUID, until: datetime, now: datetime
) -> int:
    """Keep what the booking holds at `now` until `until`; how many holds that is. Locks the holds alone."""
    return await store.extend_holds_for_update(session, booking_id, until, now)


async def shrink_holds_for_update(session: AsyncSession, booking_id: UUID, seats: int, now: datetime) -> None:
    """Give back what each hold of the booking has beyond so many seats. Locks the cabin rows."""
    await store.shrink_holds_for_update(session, booking_id, seats, now)


async def return_seats(session: AsyncSession, requests: Sequence[SeatRequest], now: datetime) -> None:
    """Give sold seats back to their classes; none, where only an infant's journey is given back."""
    if not requests:
        return
    returned = [replace(request, seats=-request.seats) for request in rules.merge(requests)]
    verdict = await store.sell_seats_for_update(session, returned, now)
    if not verdict.granted:
        raise RuntimeError(f"seats to be returned were never sold: {requests}")


async def exchange_seats(
    session: AsyncSession, returned: Sequence[SeatRequest], wanted: Sequence[SeatRequest], now: datetime
) -> None:
    """Give sold seats back and sell others, in one statement and one order of locks, or do neither.

    Raises SoldOut."""
    back = [replace(request, seats=-request.seats) for request in returned]
    verdict = await store.sell_seats_for_update(session, rules.merge([*back, *wanted]), now)
    if not verdict.granted:
        raise SoldOut(_what_is_left(rules.merge(wanted), verdict.cabins))


async def list_open_seats(
    session: AsyncSession, flight_ids: Sequence[UUID]
) -> dict[tuple[UUID, str], dict[str, int]]:
    """What each class can still sell by (flight, cabin), as committed. Dead holds count until released."""
    return {
        (cabin.flight_id, cabin.cabin): dict(
            zip(
                cabin.classes,
                (max(0, seats) for seats in rules.seats_open(cabin.limits, cabin.held, cabin.sold)),
                strict=True,
            )
        )
        for cabin in await store.list_counters(session, flight_ids)
    }


def _what_is_left(requests: Sequence[SeatRequest], cabins: Sequence[CabinCounters]) -> str:
    by_cabin = {(cabin.flight_id, cabin.cabin): cabin for cabin in cabins}
    return "; ".join(
        f"{request.seats} asked, {_seats_left(request, by_cabin.get((request.flight_id, request.cabin)))} "
        f"left in {request.cabin} class {request.fare_class}"
        for request in requests
    )


def _seats_left(request: SeatRequest, cabin: CabinCounters | None) -> int:
    if cabin is None or request.fare_class not in cabin.classes:
        return 0
    return rules.seats_open(cabin.limits, cabin.held, cabin.sold)[cabin.classes.index(request.fare_class)]
