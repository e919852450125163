"""How long to wait before a message is tried again."""

from datetime import timedelta

MAX_ATTEMPTS = 10
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(minutes=15)


def wait_after(attempts: int) -> timedelta:
    """Twice as long after each failure: ten attempts span three quarters of an hour."""
    return min(FIRST_WAIT * (1 << (attempts - 1)), LONGEST_WAIT)
