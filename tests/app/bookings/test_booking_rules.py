from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.errors import PassengersDiffer, PayLaterRefused
from app.bookings.rules import (
    CHECKOUT_HOLD,
    CancellationFigures,
    RefundConditions,
    TicketValue,
    cancellation_figures,
    hold_clocks,
    is_in_void_window,
    left_of,
    match_passengers,
    penalty_of,
    seats_needed,
    status_at,
    strictest,
)
from app.bookings.schemas import BookingStatus, Hold
from app.pricing.schemas import PassengerType

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)
FLEX = RefundConditions(allowed=True, penalty_minor=0)
STANDARD = RefundConditions(allowed=True, penalty_minor=7500)
BASIC = RefundConditions(allowed=False, penalty_minor=None)
NOT_STATED = RefundConditions(allowed=None, penalty_minor=None)
ADULT, CHILD, INFANT = PassengerType.ADULT, PassengerType.CHILD, PassengerType.INFANT

tickets = st.builds(
    TicketValue,
    fare_minor=st.integers(min_value=0, max_value=10**7),
    tax_minor=st.integers(min_value=0, max_value=10**6),
)
conditions = st.builds(
    RefundConditions,
    allowed=st.sampled_from([True, False, None]),
    penalty_minor=st.none() | st.integers(min_value=0, max_value=10**6),
)


def test_price_is_promised_no_longer_than_the_seats() -> None:
    clocks = hold_clocks(NOW)

    assert clocks.price_guarantee_expires_at <= clocks.payment_required_by == NOW + timedelta(minutes=15)


@pytest.mark.parametrize(
    ("departs_in", "held_for"),
    [
        (timedelta(days=30), timedelta(hours=24)),
        (timedelta(days=7), timedelta(hours=24)),
        (timedelta(days=6), timedelta(hours=24)),
        (timedelta(hours=47), timedelta(hours=23)),
        (timedelta(hours=25), timedelta(hours=1)),
    ],
)
def test_seats_are_held_for_later_up_to_a_day_and_never_into_the_last_one(
    departs_in: timedelta, held_for: timedelta
) -> None:
    clocks = hold_clocks(NOW, Hold.PAY_LATER, NOW + departs_in)

    assert clocks.payment_required_by == NOW + held_for
    assert clocks.price_guarantee_expires_at == min(NOW + timedelta(hours=12), clocks.payment_required_by)


@pytest.mark.parametrize("departs_in", [timedelta(hours=24), timedelta(hours=3)])
def test_nothing_is_held_for_later_within_a_day(departs_in: timedelta) -> None:
    with pytest.raises(PayLaterRefused):
        hold_clocks(NOW, Hold.PAY_LATER, NOW + departs_in)


def test_hold_is_dead_at_its_time_without_any_sweep() -> None:
    until = NOW + CHECKOUT_HOLD
    just_before = until - timedelta(microseconds=1)

    assert status_at(BookingStatus.HELD, until, just_before) is BookingStatus.HELD
    assert status_at(BookingStatus.HELD, until, until) is BookingStatus.EXPIRED
    assert status_at(BookingStatus.TICKETED, until, until) is BookingStatus.TICKETED


def test_infant_takes_no_seat() -> None:
    assert seats_needed([ADULT, CHILD, INFANT]) == 2


def test_passengers_are_matched_by_type_in_any_order() -> None:
    assert match_passengers([ADULT, ADULT, INFANT], [INFANT, ADULT, ADULT]) == [2, 0, 1]


@pytest.mark.parametrize("named", [[ADULT], [ADULT, ADULT], [ADULT, CHILD, CHILD], []])
def test_other_passengers_than_the_offers_are_refused(named: list[PassengerType]) -> None:
    with pytest.raises(PassengersDiffer):
        match_passengers([ADULT, CHILD], named)


@pytest.mark.parametrize(
    ("terms", "penalty"), [(FLEX, 0), (STANDARD, 7500), (BASIC, 20000), (NOT_STATED, 20000)]
)
def test_penalty_follows_the_fare(terms: RefundConditions, penalty: int) -> None:
    assert penalty_of(TicketValue(20000, 3000), terms) == penalty


def test_penalty_never_eats_into_the_taxes() -> None:
    figures = cancellation_figures([TicketValue(5000, 3000)] * 2, STANDARD, is_involuntary=False)

    assert figures == CancellationFigures(fare_minor=10000, tax_minor=6000, penalty_minor=10000)
    assert figures.refund_minor == 6000


def test_cancelled_flight_gives_everything_back() -> None:
    figures = cancellation_figures([TicketValue(5000, 3000)], BASIC, is_involuntary=True)

    assert figures.refund_minor == 8000


def test_one_fare_that_is_not_refundable_makes_the_ticket_so() -> None:
    assert strictest([FLEX, STANDARD]) == STANDARD
    assert strictest([FLEX, BASIC]).allowed is False
    assert strictest([FLEX, NOT_STATED]).allowed is False


@given(sold=st.lists(tickets, max_size=9), terms=conditions, is_involuntary=st.booleans())
def test_what_is_kept_and_what_comes_back_add_up(
    sold: list[TicketValue], terms: RefundConditions, is_involuntary: bool
) -> None:
    figures = cancellation_figures(sold, terms, is_involuntary=is_involuntary)

    assert figures.penalty_minor + figures.refund_minor == sum(t.fare_minor + t.tax_minor for t in sold)
    assert sum(t.tax_minor for t in sold) <= figures.refund_minor
    assert figures.penalty_minor >= 0


@pytest.mark.parametrize(
    ("notice", "after", "expected"),
    [
        (timedelta(days=7), timedelta(hours=23, minutes=59), True),
        (timedelta(days=7), timedelta(hours=24), False),
        (timedelta(days=7) - timedelta(seconds=1), timedelta(minutes=1), False),
        (timedelta(days=300), timedelta(0), True),
    ],
)
def test_a_purchase_a_week_ahead_may_be_undone_for_a_day(
    notice: timedelta, after: timedelta, expected: bool
) -> None:
    assert is_in_void_window(NOW, NOW + notice, NOW + after) is expected


@given(amounts=st.lists(st.integers(min_value=0, max_value=10**6), max_size=6), part=st.floats(0, 1))
def test_what_is_left_of_shared_amounts_adds_up(amounts: list[int], part: float) -> None:
    left = int(sum(amounts) * part)

    kept = left_of(amounts, left)

    assert sum(kept) == left
    assert all(0 <= each <= amount for each, amount in zip(kept, amounts, strict=True))


def test_extras_are_kept_with_the_penalty_but_not_when_the_flight_is_off() -> None:
    kept = cancellation_figures([TicketValue(20000, 3000)], STANDARD, is_involuntary=False, extras_minor=4500)
    off = cancellation_figures([TicketValue(20000, 3000)], STANDARD, is_involuntary=True, extras_minor=4500)

    assert (kept.penalty_minor, kept.refund_minor) == (12000, 15500)
    assert (off.penalty_minor, off.refund_minor) == (0, 27500)
