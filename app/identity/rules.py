"""What identity decides without asking anybody."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.core.security import Role

# After so many wrong passwords or codes in a row the account waits, longer after each further one: at first
# a minute, in the end a quarter of an hour, so that who goes on has a hundred guesses a day.
ATTEMPTS_BEFORE_LOCK = 10
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=15)

STAFF = frozenset(Role) - {Role.CUSTOMER}


def lock_after(failed_attempts: int) -> timedelta | None:
    """How long an account waits after its n-th failure in a row; None: not at all."""
    beyond = failed_attempts - ATTEMPTS_BEFORE_LOCK
    if beyond < 0:
        return None
    # The exponent is bounded, or a long attack would overflow what it is to wait for.
    return min(FIRST_LOCK * (1 << min(beyond, 10)), LONGEST_LOCK)


def roles_in_token(roles: Iterable[Role], second_factor_at: datetime | None) -> list[Role]:
    """The roles of staff are in a token only when its session has given a second factor."""
    return sorted(role for role in roles if role not in STAFF or second_factor_at is not None)
