"""Seats move between open, held and sold, and every refusal leaves them where they were."""

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from app.core.db import transaction
from app.inventory import service
from app.inventory.errors import HoldExpired, SoldOut
from app.inventory.schemas import HoldOutcome, SeatRequest
from tests.app.conftest import Owner
from tests.app.departures import NOON, Departure, make_booking, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

NOW = NOON - timedelta(days=10)
LATER = NOW + timedelta(minutes=15)
LADDER = {"economy": {"Y": 6, "M": 4, "K": 2}}


def counters(owner: Owner, departure: Departure, cabin: str = "economy") -> tuple[object, ...] | None:
    return owner.execute(
        "select held, sold from app.cabin_inventories where id = %s", (departure.cabin_ids[cabin],)
    ).fetchone()


def holds(owner: Owner, booking_id: UUID) -> list[tuple[object, ...]]:
    return owner.execute(
        "select fare_class, seats, outcome from app.seat_holds where booking_id = %s order by id",
        (booking_id,),
    ).fetchall()


async def hold(owner: Owner, requests: list[SeatRequest], expires_at: datetime = LATER) -> UUID:
    booking_id = make_booking(owner)
    async with transaction() as tx:
        await service.hold_seats(tx, booking_id, requests, NOW, expires_at)
    return booking_id


async def test_a_hold_takes_its_seats_off_sale(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)

    booking_id = await hold(owner, [SeatRequest(departure.flight_id, "economy", "M", 2)])

    assert counters(owner, departure) == ([0, 2, 0], [0, 0, 0])
    assert holds(owner, booking_id) == [("M", 2, None)]


async def test_a_refused_hold_says_what_is_left_and_takes_nothing(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)

    with pytest.raises(SoldOut, match="3 asked, 2 left in economy class K"):
        await hold(owner, [SeatRequest(departure.flight_id, "economy", "K", 3)])

    assert counters(owner, departure) == ([0, 0, 0], [0, 0, 0])


async def test_seats_of_two_flights_are_held_together_or_not_at_all(owner: Owner) -> None:
    first, second = make_departure(owner, cabins=LADDER), make_departure(owner, cabins=LADDER)
    booking_id = make_booking(owner)

    async with transaction() as tx:
        with pytest.raises(SoldOut):
            await service.hold_seats(
                tx,
                booking_id,
                [
                    SeatRequest(first.flight_id, "economy", "K", 2),
                    SeatRequest(second.flight_id, "economy", "K", 3),
                ],
                NOW,
                LATER,
            )

    assert counters(owner, first) == counters(owner, second) == ([0, 0, 0], [0, 0, 0])
    assert holds(owner, booking_id) == []


@pytest.mark.parametrize(("cabin", "fare_class"), [("economy", "Z"), ("first", "F")])
async def test_a_class_that_is_not_flown_is_sold_out(owner: Owner, cabin: str, fare_class: str) -> None:
    departure = make_departure(owner, cabins=LADDER)

    with pytest.raises(SoldOut, match=f"1 asked, 0 left in {cabin} class {fare_class}"):
        await hold(owner, [SeatRequest(departure.flight_id, cabin, fare_class, 1)])


async def test_a_held_seat_is_sold_once(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)
    booking_id = await hold(owner, [SeatRequest(departure.flight_id, "economy", "Y", 3)])

    async with transaction() as tx:
        await service.sell_held_seats(tx, booking_id, NOW)

    assert counters(owner, departure) == ([0, 0, 0], [3, 0, 0])
    assert holds(owner, booking_id) == [("Y", 3, "sold")]
    with pytest.raises(HoldExpired):
        async with transaction() as tx:
            await service.sell_held_seats(tx, booking_id, NOW)


async def test_a_hold_is_dead_at_its_time_though_nobody_swept_it(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)
    booking_id = await hold(owner, [SeatRequest(departure.flight_id, "economy", "Y", 3)])

    async with transaction() as tx:
        with pytest.raises(HoldExpired):
            await service.sell_held_seats(tx, booking_id, LATER)

    assert counters(owner, departure) == ([3, 0, 0], [0, 0, 0])
    assert holds(owner, booking_id) == [("Y", 3, None)]


async def test_holds_of_two_flights_are_sold_together_or_not_at_all(owner: Owner) -> None:
    first, second = make_departure(owner, cabins=LADDER), make_departure(owner, cabins=LADDER)
    booking_id = await hold(owner, [SeatRequest(first.flight_id, "economy", "Y", 1)])
    async with transaction() as tx:
        await service.hold_seats(
            tx,
            booking_id,
            [SeatRequest(second.flight_id, "economy", "Y", 1)],
            NOW,
            LATER + timedelta(hours=1),
        )

    async with transaction() as tx:
        with pytest.raises(HoldExpired):
            await service.sell_held_seats(tx, booking_id, LATER)

    assert counters(owner, first) == counters(owner, second) == ([1, 0, 0], [0, 0, 0])


async def test_the_next_taker_releases_dead_holds_in_the_same_statement(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)
    dead = await hold(owner, [SeatRequest(departure.flight_id, "economy", "K", 2)])
    booking_id = make_booking(owner)

    async with transaction() as tx:
        await service.hold_seats(
            tx, booking_id, [SeatRequest(departure.flight_id, "economy", "M", 4)], LATER, LATER
        )

    assert counters(owner, departure) == ([0, 4, 0], [0, 0, 0])
    assert holds(owner, dead) == [("K", 2, "expired")]


async def test_a_refusal_that_is_caught_keeps_counters_and_holds_equal(owner: Owner) -> None:
    """The dead holds a refused taker met stay released, on both sides of the books."""
    departure = make_departure(owner, cabins=LADDER)
    dead = await hold(owner, [SeatRequest(departure.flight_id, "economy", "K", 2)])

    async with transaction() as tx:
        with pytest.raises(SoldOut, match="9 asked, 6 left in economy class Y"):
            await service.sell_seats(tx, [SeatRequest(departure.flight_id, "economy", "Y", 9)], LATER)

    assert counters(owner, departure) == ([0, 0, 0], [0, 0, 0])
    assert holds(owner, dead) == [("K", 2, "expired")]


async def test_a_live_hold_is_not_taken_by_the_next(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)
    await hold(owner, [SeatRequest(departure.flight_id, "economy", "Y", 5)])

    with pytest.raises(SoldOut):
        await hold(owner, [SeatRequest(departure.flight_id, "economy", "Y", 2)])

    assert counters(owner, departure) == ([5, 0, 0], [0, 0, 0])


async def test_a_released_hold_gives_its_seats_back_once(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)
    booking_id = await hold(owner, [SeatRequest(departure.flight_id, "economy", "K", 2)])

    async with transaction() as tx:
        first = await service.release_holds(tx, booking_id, HoldOutcome.CANCELLED, NOW)
        second = await service.release_holds(tx, booking_id, HoldOutcome.CANCELLED, NOW)

    assert (first, second) == (2, 0)
    assert counters(owner, departure) == ([0, 0, 0], [0, 0, 0])
    assert holds(owner, booking_id) == [("K", 2, "cancelled")]


async def test_a_late_payment_takes_open_seats_again(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)

    async with transaction() as tx:
        await service.sell_seats(
            tx,
            [
                SeatRequest(departure.flight_id, "economy", "M", 1),
                SeatRequest(departure.flight_id, "economy", "M", 1),
            ],
            NOW,
        )

    assert counters(owner, departure) == ([0, 0, 0], [0, 2, 0])


async def test_returned_seats_are_on_sale_again(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)
    requests = [SeatRequest(departure.flight_id, "economy", "M", 2)]
    async with transaction() as tx:
        await service.sell_seats(tx, requests, NOW)

    async with transaction() as tx:
        await service.return_seats(tx, requests, NOW)

    assert counters(owner, departure) == ([0, 0, 0], [0, 0, 0])


async def test_seats_that_were_never_sold_cannot_be_returned(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)

    with pytest.raises(RuntimeError, match="never sold"):
        async with transaction() as tx:
            await service.return_seats(tx, [SeatRequest(departure.flight_id, "economy", "M", 1)], NOW)


async def test_the_database_itself_refuses_an_oversold_cabin(owner: Owner) -> None:
    departure = make_departure(owner, cabins=LADDER)

    with pytest.raises(psycopg.errors.CheckViolation, match="cabin_inventories_never_oversold"):
        owner.execute(
            "update app.cabin_inventories set sold = '{7,0,0}' where id = %s",
            (departure.cabin_ids["economy"],),
        )
