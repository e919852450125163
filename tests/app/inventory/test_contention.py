"""Many buyers and few seats: nothing is sold twice, nobody waits in a circle."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from app.core.db import transaction
from app.core.ids import uuid7
from app.inventory import service
from app.inventory.errors import HoldExpired, SoldOut
from app.inventory.schemas import HoldOutcome, SeatRequest
from tests.app.conftest import Owner
from tests.app.crowds import forget_holds
from tests.app.departures import NOON, Departure, make_booking, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

NOW = NOON - timedelta(days=10)
LATER = NOW + timedelta(minutes=15)
BUYERS = 120
SEATS = 50
CABIN = {"economy": {"Y": SEATS, "K": SEATS}}
CLASSES = ("Y", "K")
# As many as the core's pool gives at a time, so that all of them count before any of them inserts.
AT_ONCE = 10


def seats_in_counters(owner: Owner, departure: Departure) -> tuple[int, int]:
    """(held, sold) by the cabin row."""
    row = owner.execute(
        "select (select sum(n) from unnest(held) n)::int, (select sum(n) from unnest(sold) n)::int "
        "from app.cabin_inventories where flight_id = %s",
        (departure.flight_id,),
    ).fetchone()
    assert row is not None
    return int(str(row[0])), int(str(row[1]))


def seats_in_rows(owner: Owner, departure: Departure) -> tuple[int, int]:
    """(held, sold) by the holds themselves."""
    row = owner.execute(
        "select coalesce(sum(seats) filter (where outcome is null), 0)::int, "
        "coalesce(sum(seats) filter (where outcome = 'sold'), 0)::int "
        "from app.seat_holds where flight_id = %s",
        (departure.flight_id,),
    ).fetchone()
    assert row is not None
    return int(str(row[0])), int(str(row[1]))


async def hold_one(departure: Departure, booking_id: UUID, fare_class: str) -> bool:
    try:
        async with transaction() as tx:
            request = SeatRequest(departure.flight_id, "economy", fare_class, 1)
            await service.hold_seats(tx, booking_id, [request], NOW, LATER)
    except SoldOut:
        return False
    return True


async def test_more_buyers_than_seats_hold_exactly_the_seats_there_are(owner: Owner) -> None:
    departure = make_departure(owner, cabins=CABIN)
    bookings = [make_booking(owner) for _ in range(BUYERS)]

    granted = await asyncio.gather(
        *(hold_one(departure, booking, CLASSES[i % 2]) for i, booking in enumerate(bookings))
    )

    assert sum(granted) == SEATS
    assert seats_in_counters(owner, departure) == seats_in_rows(owner, departure) == (SEATS, 0)


async def test_buyers_who_pay_release_and_are_late_leave_counters_equal_to_rows(owner: Owner) -> None:
    departure = make_departure(owner, cabins=CABIN)
    bookings = [make_booking(owner) for _ in range(BUYERS)]

    async def buy(index: int, booking_id: UUID) -> None:
        if not await hold_one(departure, booking_id, CLASSES[index % 2]):
            return
        async with transaction() as tx:
            if index % 3 == 0:
                await service.release_holds(tx, booking_id, HoldOutcome.CANCELLED, NOW)
                return
            try:
                await service.sell_held_seats(tx, booking_id, LATER if index % 3 == 1 else NOW)
            except HoldExpired:
                return

    await asyncio.gather(*(buy(index, booking) for index, booking in enumerate(bookings)))

    held, sold = seats_in_counters(owner, departure)
    assert (held, sold) == seats_in_rows(owner, departure)
    assert held + sold <= SEATS
    assert held > 0
    assert sold > 0


async def test_buyers_of_a_cabin_full_of_dead_holds_share_it_out_once(owner: Owner) -> None:
    """Every taker finds the same dead holds; only one of them may give each of them back."""
    departure = make_departure(owner, cabins=CABIN)
    dead = [make_booking(owner) for _ in range(SEATS)]
    assert all(await asyncio.gather(*(hold_one(departure, booking, "K") for booking in dead)))
    bookings = [make_booking(owner) for _ in range(BUYERS)]

    async def take(booking_id: UUID) -> bool:
        try:
            async with transaction() as tx:
                request = SeatRequest(departure.flight_id, "economy", "Y", 1)
                await service.hold_seats(tx, booking_id, [request], LATER, LATER + timedelta(minutes=15))
        except SoldOut:
            return False
        return True

    granted = await asyncio.gather(*(take(booking) for booking in bookings))

    assert sum(granted) == SEATS
    assert seats_in_counters(owner, departure) == seats_in_rows(owner, departure) == (SEATS, 0)


async def test_a_dead_hold_cannot_be_both_sold_and_released(owner: Owner) -> None:
    """Its owner pays at a moment before its time while others already act after it."""
    departure = make_departure(owner, cabins={"economy": {"Y": SEATS}})
    owners = [make_booking(owner) for _ in range(SEATS)]
    assert all(await asyncio.gather(*(hold_one(departure, booking, "Y") for booking in owners)))
    takers = [make_booking(owner) for _ in range(SEATS)]

    async def pay(booking_id: UUID) -> None:
        try:
            async with transaction() as tx:
                await service.sell_held_seats(tx, booking_id, NOW)
        except HoldExpired:
            return

    async def take(booking_id: UUID) -> None:
        try:
            async with transaction() as tx:
                request = SeatRequest(departure.flight_id, "economy", "Y", 1)
                await service.hold_seats(tx, booking_id, [request], LATER, LATER + timedelta(minutes=15))
        except SoldOut:
            return

    work = [pay(booking) for booking in owners] + [take(booking) for booking in takers]
    random.Random(20310504).shuffle(work)
    await asyncio.gather(*work)

    held, sold = seats_in_counters(owner, departure)
    assert (held, sold) == seats_in_rows(owner, departure)
    assert held + sold <= SEATS


async def test_itineraries_asked_in_opposite_orders_do_not_deadlock(owner: Owner) -> None:
    """Cabins are locked in the order of their ids, whatever order the flights are named in."""
    first = make_departure(owner, cabins={"economy": {"Y": BUYERS}})
    second = make_departure(owner, cabins={"economy": {"Y": BUYERS}})
    bookings = [make_booking(owner) for _ in range(BUYERS)]

    async def buy_both(index: int, booking_id: UUID) -> None:
        requests = [SeatRequest(leg.flight_id, "economy", "Y", 1) for leg in (first, second)]
        async with transaction() as tx:
            await service.hold_seats(tx, booking_id, requests[:: 1 if index % 2 else -1], NOW, LATER)
        async with transaction() as tx:
            await service.sell_held_seats(tx, booking_id, NOW)

    await asyncio.gather(*(buy_both(index, booking) for index, booking in enumerate(bookings)))

    assert seats_in_counters(owner, first) == seats_in_counters(owner, second) == (0, BUYERS)


async def test_locking_in_the_order_asked_would_deadlock(owner: Owner) -> None:
    """The control: two transactions that take the same two cabins one by one, in opposite orders."""
    legs = [make_departure(owner, cabins={"economy": {"Y": BUYERS}}) for _ in range(2)]
    both_have_one = asyncio.Barrier(2)

    async def buy_in_order(order: list[Departure]) -> None:
        async with transaction() as tx:
            for number, leg in enumerate(order):
                request = SeatRequest(leg.flight_id, "economy", "Y", 1)
                await service.sell_seats(tx, [request], NOW)
                if number == 0:
                    await both_have_one.wait()

    results = await asyncio.gather(buy_in_order(legs), buy_in_order(legs[::-1]), return_exceptions=True)

    assert [str(error).count("deadlock detected") for error in results if error is not None] == [1]


async def test_counting_first_and_inserting_then_oversells(owner: Owner) -> None:
    """The control: the same seats, sold the way everybody sells them first, are sold too often."""
    seats = 5
    departure = make_departure(owner, cabins={"economy": {"Y": seats}})
    bookings = [make_booking(owner) for _ in range(AT_ONCE)]
    all_have_counted = asyncio.Barrier(AT_ONCE)

    async def count_then_insert(booking_id: UUID) -> None:
        async with transaction() as tx:
            taken = await tx.scalar(
                text("select count(*) from app.seat_holds where flight_id = :flight_id"),
                {"flight_id": departure.flight_id},
            )
            await all_have_counted.wait()
            if int(taken or 0) < seats:
                await tx.execute(
                    text(
                        "insert into app.seat_holds (id, booking_id, flight_id, cabin, fare_class, seats, "
                        "created_at, expires_at) "
                        "values (:id, :booking_id, :flight_id, 'economy', 'Y', 1, :now, :later)"
                    ),
                    {
                        "id": uuid7(),
                        "booking_id": booking_id,
                        "flight_id": departure.flight_id,
                        "now": NOW,
                        "later": LATER,
                    },
                )

    await asyncio.gather(*(count_then_insert(booking) for booking in bookings))

    held, sold = seats_in_rows(owner, departure)
    assert held + sold > seats
    forget_holds(owner, departure)
