"""Blocks are cut evenly, discounts favour nobody by more than a cent, deadlines follow one another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.groups import rules
from app.bookings.groups.errors import DeadlinesInvalid
from app.bookings.groups.schemas import GroupQuote

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


def quote(*days: int) -> GroupQuote:
    expires, deposit, names, final = (NOW + timedelta(days=day) for day in days)
    return GroupQuote(
        fare_class="M",
        discount_percent=10,
        deposit_per_seat_minor=1000,
        expires_at=expires,
        deposit_due_at=deposit,
        names_due_at=names,
        final_due_at=final,
    )


@given(st.integers(10, 200))
def test_a_block_is_cut_into_as_few_even_bookings_as_nine_seats_allow(seats: int) -> None:
    parts = rules.cut(seats)

    assert sum(parts) == seats
    assert max(parts) <= 9
    assert max(parts) - min(parts) <= 1
    assert (len(parts) - 1) * 9 < seats


@given(st.integers(0, 10**7), st.integers(0, 50))
def test_a_discount_is_never_more_than_was_said(fare_minor: int, percent: int) -> None:
    discounted = rules.discounted_minor(fare_minor, percent)

    assert 0 <= discounted * 100 - fare_minor * (100 - percent) < 100


def test_deadlines_in_order_are_taken() -> None:
    rules.ensure_in_order(quote(1, 2, 10, 15), NOW, NOW + timedelta(days=20))


@pytest.mark.parametrize(
    ("days", "pointer"),
    [
        ((-1, 2, 10, 15), "/expires_at"),
        ((3, 2, 10, 15), "/deposit_due_at"),
        ((1, 2, 1, 15), "/names_due_at"),
        ((1, 2, 10, 9), "/final_due_at"),
        ((1, 2, 10, 21), "/the close of sale"),
    ],
)
def test_deadlines_out_of_order_are_refused(days: tuple[int, ...], pointer: str) -> None:
    with pytest.raises(DeadlinesInvalid) as refusal:
        rules.ensure_in_order(quote(*days), NOW, NOW + timedelta(days=20))

    assert refusal.value.pointer == pointer
