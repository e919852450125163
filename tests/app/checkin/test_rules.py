"""Windows, seats, priorities and compensation, without a database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkin import compensation, rules
from app.checkin.rules import Deniable, FreeSeat
from app.core.ids import uuid7
from app.core.money import Money
from app.inventory.seats.schemas import SeatZone
from app.pricing.fx.schemas import Exchange
from app.pricing.schemas import PassengerType

LEAVES = datetime(2031, 5, 4, 16, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("seat", "needs_seat", "standby", "written"),
    [
        ("1A", True, False, "001A"),
        ("12F", True, False, "012F"),
        (None, True, False, "GATE"),
        (None, True, True, "STBY"),
        (None, False, False, "INF"),
    ],
)
def test_seats_fill_the_four_places_of_a_pass(
    seat: str | None, needs_seat: bool, standby: bool, written: str
) -> None:
    assert rules.pass_seat(seat, needs_seat=needs_seat, standby=standby) == written


def free(seat: str, zone: SeatZone = SeatZone.STANDARD, *, is_exit: bool = False) -> FreeSeat:
    return FreeSeat(seat, rules.seat_rank(seat, zone), is_exit, seat[:-1])


def test_seats_are_given_side_by_side_and_those_sold_for_more_last() -> None:
    first, second, third = uuid7(), uuid7(), uuid7()
    seats = [free("10B"), free("9C"), free("2A", SeatZone.PREFERRED), free("10A")]

    chosen = rules.choose_seats([first, second, third], seats, is_young=False)

    assert [chosen[each].seat for each in (first, second, third)] == ["9C", "10A", "10B"]


def test_the_young_keep_out_of_the_exit_rows() -> None:
    someone = uuid7()

    assert rules.choose_seats([someone], [free("12A", is_exit=True)], is_young=True) == {}
    assert rules.choose_seats([someone], [free("12A", is_exit=True)], is_young=False)[someone].seat == "12A"


def test_infants_are_held_by_one_adult_each() -> None:
    first, second, infant = uuid7(), uuid7(), uuid7()
    party = [(second, PassengerType.ADULT), (infant, PassengerType.INFANT), (first, PassengerType.ADULT)]

    assert rules.infant_holders(party) == {first}


def deniable(paid_minor: int, minutes: int, *, standby: bool = False) -> Deniable:
    return Deniable(uuid7(), standby, paid_minor, LEAVES - timedelta(minutes=minutes), 1)


def test_standby_then_the_lowest_fare_then_the_last_to_check_in_is_denied_first() -> None:
    early, late = deniable(10_000, 300), deniable(10_000, 60)
    dear, waiting = deniable(90_000, 60), deniable(90_000, 600, standby=True)

    order = rules.denial_order([early, late, dear, waiting])

    assert order == [each.coupon_id for each in (waiting, late, early, dear)]


deniables = st.builds(
    Deniable,
    coupon_id=st.integers(1, 2**64).map(lambda number: UUID(int=number)),
    standby=st.booleans(),
    paid_minor=st.integers(0, 5),
    checked_in_at=st.integers(0, 5).map(lambda minutes: LEAVES - timedelta(minutes=minutes)),
    sequence_number=st.integers(1, 9999),
)


@given(st.lists(deniables, unique_by=(lambda each: each.coupon_id, lambda each: each.sequence_number)))
def test_seats_are_cleared_in_the_reverse_of_the_order_of_denial(passengers: list[Deniable]) -> None:
    order = rules.denial_order(passengers)

    assert sorted(order) == sorted(each.coupon_id for each in passengers)
    assert rules.clearing_order(passengers) == [
        coupon_id
        for coupon_id in reversed(order)
        if next(each for each in passengers if each.coupon_id == coupon_id).standby
    ]


def usd(amount_minor: int) -> Money:
    return Money(amount_minor=amount_minor, currency="USD")


HOUR = timedelta(hours=1)
TO_EUROS = Exchange("USD", "EUR", Decimal("0.9"), date(2026, 5, 1), "test")


@pytest.mark.parametrize(
    ("fare_minor", "delay", "domestic", "owed_minor", "paragraph"),
    [
        (20_000, HOUR, True, 0, "(a)(1)"),
        (20_000, HOUR + MINUTE, True, 40_000, "(a)(2)"),
        (60_000, HOUR + MINUTE, True, 107_500, "(a)(2)"),
        (20_000, 2 * HOUR, True, 80_000, "(a)(3)"),
        (60_000, 2 * HOUR, True, 215_000, "(a)(3)"),
        (20_000, None, True, 80_000, "(a)(3)"),
        (20_000, HOUR, False, 0, "(b)(1)"),
        (20_000, 3 * HOUR, False, 40_000, "(b)(2)"),
        (20_000, 4 * HOUR, False, 80_000, "(b)(3)"),
    ],
)
def test_compensation_is_what_the_regulation_says(
    fare_minor: int, delay: timedelta | None, domestic: bool, owed_minor: int, paragraph: str
) -> None:
    owed = compensation.involuntary(usd(fare_minor), date(2026, 5, 4), delay, None, is_domestic=domestic)

    assert owed.amount == usd(owed_minor)
    assert owed.rule.startswith(f"14 CFR 250.5{paragraph}")


@pytest.mark.parametrize(
    ("day", "upper_minor"),
    [
        (date(2013, 1, 1), 130_000),
        (date(2021, 4, 12), 135_000),
        (date(2021, 4, 13), 155_000),
        (date(2025, 1, 21), 155_000),
        (date(2025, 1, 22), 215_000),
    ],
)
def test_limits_are_those_in_force_on_the_day_of_departure(day: date, upper_minor: int) -> None:
    assert compensation.involuntary(usd(10**6), day, None, None, is_domestic=True).amount == usd(upper_minor)


@pytest.mark.parametrize(("fare_minor", "owed_minor"), [(20_000, 80_000), (60_000, 193_500)])
def test_a_fare_in_another_currency_is_paid_in_it_up_to_the_converted_limit(
    fare_minor: int, owed_minor: int
) -> None:
    fare = Money(amount_minor=fare_minor, currency="EUR")

    owed = compensation.involuntary(fare, date(2026, 5, 4), None, TO_EUROS, is_domestic=True)

    assert owed.amount == Money(amount_minor=owed_minor, currency="EUR")
    assert owed.rule.endswith("at 0.9 EUR (2026-05-01)")


def test_dollars_are_never_taken_for_another_currency() -> None:
    fare = Money(amount_minor=10_000, currency="EUR")

    with pytest.raises(ValueError, match="USD says nothing"):
        compensation.involuntary(fare, date(2026, 5, 4), None, None, is_domestic=True)
