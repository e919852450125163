"""How long a message waits for its next attempt."""

from datetime import timedelta

from app.notifications.rules import FIRST_WAIT, LONGEST_WAIT, MAX_ATTEMPTS, wait_after


def test_waits_double_up_to_a_bound() -> None:
    waits = [wait_after(attempts) for attempts in range(1, MAX_ATTEMPTS)]

    assert waits[0] == FIRST_WAIT
    assert waits[1] == 2 * FIRST_WAIT
    assert waits[-1] == LONGEST_WAIT
    assert waits == sorted(waits)


def test_a_server_may_be_away_for_half_an_hour() -> None:
    assert sum((wait_after(n) for n in range(1, MAX_ATTEMPTS)), timedelta()) > timedelta(minutes=30)
