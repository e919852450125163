"""Ending the holds of many bookings in one statement: whatever they held, counters and rows stay the same."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from app.core.db import transaction
from app.inventory import service
from app.inventory.errors import HoldExpired
from app.inventory.schemas import HoldOutcome, SeatRequest
from tests.app.conftest import Owner
from tests.app.departures import NOON, Departure, make_booking, make_departure

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

NOW = NOON - timedelta(days=10)
LATER = NOW + timedelta(minutes=15)
CLASSES = ("Y", "B", "K")
LIMITS = dict.fromkeys(CLASSES, 60)
# Two cabins of one flight and one of another.
CABINS = ((0, "economy"), (0, "business"), (1, "economy"))
BOOKINGS = 5

Cabin = tuple[UUID, str]
Seats = dict[tuple[UUID, str, str], int]


@dataclass(frozen=True)
class Ending:
    """Bookings by their places, some of them twice, and how they end."""

    bookings: list[int]
    outcome: HoldOutcome


one_hold = st.tuples(st.integers(0, len(CABINS) - 1), st.sampled_from(CLASSES), st.integers(1, 3))
wishes = st.lists(st.lists(one_hold, min_size=1, max_size=5), min_size=1, max_size=BOOKINGS)
endings = st.lists(
    st.builds(
        Ending, st.lists(st.integers(0, BOOKINGS - 1), min_size=1, max_size=6), st.sampled_from(HoldOutcome)
    ),
    max_size=6,
)


def by_counters(owner: Owner, departures: Sequence[Departure], column: str) -> Seats:
    rows = owner.execute(
        f"select flight_id, cabin, class.code, class.seats from app.cabin_inventories, "
        f"unnest(classes, {column}) as class (code, seats) where flight_id = any(%s) and class.seats <> 0",
        ([each.flight_id for each in departures],),
    )
    return {(flight_id, cabin, code): seats for flight_id, cabin, code, seats in rows}  # type: ignore[misc]


def by_rows(owner: Owner, departures: Sequence[Departure], which: str) -> Seats:
    rows = owner.execute(
        f"select flight_id, cabin, fare_class, sum(seats)::int from app.seat_holds "
        f"where flight_id = any(%s) and {which} group by flight_id, cabin, fare_class",
        ([each.flight_id for each in departures],),
    )
    return {(flight_id, cabin, code): seats for flight_id, cabin, code, seats in rows}  # type: ignore[misc]


def assert_books_agree(owner: Owner, departures: Sequence[Departure]) -> None:
    assert by_counters(owner, departures, "held") == by_rows(owner, departures, "released_at is null")
    assert by_counters(owner, departures, "sold") == by_rows(owner, departures, "outcome = 'sold'")


def two_flights(owner: Owner) -> list[Departure]:
    return [
        make_departure(owner, cabins={"economy": LIMITS, "business": LIMITS}),
        make_departure(owner, cabins={"economy": LIMITS}),
    ]


async def hold_all(
    owner: Owner, departures: Sequence[Departure], wished: Sequence[Sequence[tuple[int, str, int]]]
) -> list[UUID]:
    bookings = [make_booking(owner) for _ in range(BOOKINGS)]
    for booking_id, wanted in zip(bookings, wished, strict=False):
        requests = [
            SeatRequest(departures[CABINS[cabin][0]].flight_id, CABINS[cabin][1], fare_class, seats)
            for cabin, fare_class, seats in wanted
        ]
        async with transaction() as tx:
            await service.hold_seats(tx, booking_id, requests, NOW, LATER)
    return bookings


async def end(bookings: Sequence[UUID], ending: Ending) -> int:
    """The number of seats that were given back; a sale is of the first booking alone."""
    chosen = [bookings[place] for place in ending.bookings]
    async with transaction() as tx:
        if ending.outcome is not HoldOutcome.SOLD:
            return await service.release_holds_of(tx, chosen, ending.outcome, NOW)
    try:
        async with transaction() as tx:
            await service.sell_held_seats(tx, chosen[0], NOW)
    except HoldExpired:
        pass
    return 0


@given(wishes, endings)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_counters_are_the_rows_however_holds_end(
    owner: Owner, wished: list[list[tuple[int, str, int]]], ended: list[Ending]
) -> None:
    departures = two_flights(owner)
    bookings = await hold_all(owner, departures, wished)
    assert_books_agree(owner, departures)
    held = sum(by_rows(owner, departures, "released_at is null").values())

    for ending in ended:
        back = await end(bookings, ending)
        assert_books_agree(owner, departures)
        left = sum(by_rows(owner, departures, "released_at is null").values())
        assert ending.outcome is HoldOutcome.SOLD or back == held - left
        held = left


@given(wishes, endings)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_groups_that_overlap_end_at_once_and_each_seat_comes_back_once(
    owner: Owner, wished: list[list[tuple[int, str, int]]], ended: list[Ending]
) -> None:
    departures = two_flights(owner)
    bookings = await hold_all(owner, departures, wished)
    held = Counter(by_counters(owner, departures, "held"))

    back = await asyncio.gather(*(end(bookings, ending) for ending in ended))

    assert_books_agree(owner, departures)
    left = Counter(by_counters(owner, departures, "held")) + Counter(by_counters(owner, departures, "sold"))
    assert sum(back) == held.total() - left.total()


async def test_holds_that_were_never_counted_cannot_be_given_back(owner: Owner) -> None:
    """Rows written past the one statement, as a control of the crowds leaves them: the database refuses to
    count below nothing, and the statement is not what counts wrong."""
    (departure, _), booking_id = two_flights(owner), make_booking(owner)
    owner.execute(
        "insert into app.seat_holds (id, booking_id, flight_id, cabin, fare_class, seats, created_at, "
        "expires_at) values (gen_random_uuid(), %s, %s, 'economy', 'Y', 10, %s, %s)",
        (booking_id, departure.flight_id, NOW, LATER),
    )

    with pytest.raises(IntegrityError, match="cabin_inventories"):
        async with transaction() as tx:
            await service.release_holds_of(tx, [booking_id], HoldOutcome.EXPIRED, NOW)

    owner.execute("delete from app.seat_holds where booking_id = %s", (booking_id,))
