"""Who is served next, and for how long an offer stands."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.schemas import BookingStatus
from app.core.ids import uuid7
from app.waitlist import rules
from app.waitlist.schemas import EndReason, WaitlistStatus

NOW = datetime(2031, 5, 4, 12, 0, tzinfo=UTC)


@given(st.lists(st.integers(1, 9), max_size=20), st.integers(0, 30))
def test_never_more_are_served_than_there_are_seats_and_in_their_order(
    parties: list[int], seats: int
) -> None:
    queue = [(uuid7(), party) for party in parties]

    served = rules.that_fit(queue, seats)

    sizes = dict(queue)
    assert sum(sizes[entry] for entry in served) <= seats
    assert served == [entry for entry, _ in queue if entry in served]
    left = seats - sum(sizes[entry] for entry in served)
    assert all(party > left for entry, party in queue if entry not in served)


def test_a_party_too_large_lets_the_next_pass() -> None:
    large, small = (uuid7(), 4), (uuid7(), 2)

    assert rules.that_fit([large, small], 2) == [small[0]]


WINDOWS = rules.Windows(usual=timedelta(hours=2), short=timedelta(minutes=30))


@pytest.mark.parametrize(
    ("before_departure", "window"),
    [
        (timedelta(days=3), timedelta(hours=2)),
        (timedelta(hours=20), timedelta(minutes=30)),
        (timedelta(minutes=75), timedelta(minutes=15)),
    ],
)
def test_the_window_shrinks_towards_the_close_of_sale(before_departure: timedelta, window: timedelta) -> None:
    departs_at = NOW + before_departure

    assert rules.offer_expires_at(NOW, departs_at, departs_at - timedelta(hours=1), WINDOWS) == NOW + window


@pytest.mark.parametrize(
    ("booking", "became"),
    [
        (BookingStatus.HELD, (WaitlistStatus.OFFERED, None)),
        (BookingStatus.TICKETED, (WaitlistStatus.CONVERTED, EndReason.PAID)),
        (BookingStatus.EXPIRED, (WaitlistStatus.LAPSED, EndReason.NOT_PAID)),
        (BookingStatus.CANCELLED, (WaitlistStatus.LAPSED, EndReason.NOT_PAID)),
    ],
)
def test_an_entry_is_what_its_booking_is(
    booking: BookingStatus, became: tuple[WaitlistStatus, EndReason | None]
) -> None:
    assert rules.what_became_of(booking) == became
