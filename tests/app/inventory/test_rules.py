"""The arithmetic of nested limits, alone and against the database's own."""

from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.inventory.rules import SeatsLeft, merge, seats_open
from app.inventory.schemas import CabinCounters, SeatRequest
from tests.app.conftest import Owner


@dataclass(frozen=True)
class Cabin:
    limits: list[int]
    held: list[int]
    sold: list[int]


@st.composite
def cabins(draw: st.DrawFn) -> Cabin:
    """Any counters, sound or not: the limits need not fall and more may be sold than they allow."""
    classes = draw(st.integers(1, 7))
    counters = st.lists(st.integers(0, 40), min_size=classes, max_size=classes)
    limits = draw(counters)
    return Cabin(
        sorted(limits, reverse=True) if draw(st.booleans()) else limits, draw(counters), draw(counters)
    )


@given(cabins())
def test_dearer_classes_have_at_least_as_many_seats_open_as_cheaper_ones(cabin: Cabin) -> None:
    open_by_class = seats_open(cabin.limits, cabin.held, cabin.sold)

    assert open_by_class == sorted(open_by_class, reverse=True)


@given(cabins())
def test_selling_what_is_open_in_a_class_never_passes_a_limit(cabin: Cabin) -> None:
    for position, seats in enumerate(seats_open(cabin.limits, cabin.held, cabin.sold)):
        if seats < 0:
            continue
        sold = list(cabin.sold)
        sold[position] += seats

        after = seats_open(cabin.limits, cabin.held, sold)

        assert min(after[: position + 1]) == 0


def test_a_seat_in_the_cheapest_class_uses_up_every_dearer_limit() -> None:
    assert seats_open([10, 8, 3], [0, 0, 1], [0, 0, 1]) == [8, 6, 1]


def test_a_seat_in_the_dearest_class_leaves_the_cheap_ones_until_the_cabin_is_nearly_full() -> None:
    assert seats_open([10, 8, 3], [0, 0, 0], [6, 0, 0]) == [4, 4, 3]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cabins())
def test_seats_open_is_what_the_database_says(owner: Owner, cabin: Cabin) -> None:
    row = owner.execute(
        "select app.seats_open(%s, %s, %s)", (cabin.limits, cabin.held, cabin.sold)
    ).fetchone()

    assert row == (seats_open(cabin.limits, cabin.held, cabin.sold),)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cabins())
def test_counters_are_sound_exactly_when_limits_fall_and_no_class_is_over_them(
    owner: Owner, cabin: Cabin
) -> None:
    falling = cabin.limits == sorted(cabin.limits, reverse=True)
    expected = falling and min(seats_open(cabin.limits, cabin.held, cabin.sold)) >= 0

    row = owner.execute(
        "select app.inventory_is_sound(%s, %s, %s, %s)",
        (cabin.limits[0], cabin.limits, cabin.held, cabin.sold),
    ).fetchone()

    assert row == (expected,)


def test_requests_for_the_same_class_are_asked_together() -> None:
    flight, other = uuid7(), uuid7()

    merged = merge(
        [
            SeatRequest(flight, "economy", "Y", 1),
            SeatRequest(other, "economy", "Y", 4),
            SeatRequest(flight, "economy", "Y", 2),
        ]
    )

    assert merged == [SeatRequest(flight, "economy", "Y", 3), SeatRequest(other, "economy", "Y", 4)]


@given(cabins(), st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), max_size=12))
def test_who_asks_one_after_the_other_gets_what_is_open_at_that_time(
    cabin: Cabin, asked: list[tuple[int, int]]
) -> None:
    """What is reckoned for a lot is what each would be told alone, in the same order."""
    classes = "ABCDEFG"[: len(cabin.limits)]
    flight_id, held = uuid7(), list(cabin.held)
    left = SeatsLeft(
        [CabinCounters(flight_id, "economy", list(classes), cabin.limits, cabin.held, cabin.sold)]
    )

    for position, seats in asked:
        after = [count + (seats if place == position else 0) for place, count in enumerate(held)]
        is_open = position < len(classes) and min(seats_open(cabin.limits, after, cabin.sold)) >= 0

        assert left.take([SeatRequest(flight_id, "economy", "ABCDEFG"[position], seats)]) is is_open

        held = after if is_open else held


def test_a_journey_takes_all_its_flights_or_none() -> None:
    full, free = uuid7(), uuid7()
    left = SeatsLeft(
        [
            CabinCounters(free, "economy", ["Y"], [2], [0], [0]),
            CabinCounters(full, "economy", ["Y"], [2], [1], [1]),
        ]
    )

    both = [SeatRequest(flight_id, "economy", "Y", 1) for flight_id in (free, full)]

    assert not left.take(both)
    assert left.take([SeatRequest(free, "economy", "Y", 2)])
