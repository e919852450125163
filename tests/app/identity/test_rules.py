"""Locks that grow, roles that need a second factor, and codes that fit one moment."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.ids import uuid7
from app.core.security import Role
from app.identity.factors import rules as factors
from app.identity.rules import ATTEMPTS_BEFORE_LOCK, FIRST_LOCK, LONGEST_LOCK, lock_after, roles_in_token

NOW = datetime(2026, 11, 23, 9, 0, 10, tzinfo=UTC)
# The secret of RFC 6238's own examples, in base 32.
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@given(st.integers(min_value=1, max_value=10**9))
def test_lock_never_shrinks_and_has_an_end(failed_attempts: int) -> None:
    lock, next_lock = lock_after(failed_attempts), lock_after(failed_attempts + 1)

    if failed_attempts < ATTEMPTS_BEFORE_LOCK:
        assert lock is None
    else:
        assert lock is not None
        assert next_lock is not None
        assert FIRST_LOCK <= lock <= next_lock <= LONGEST_LOCK


def test_roles_of_staff_are_in_a_token_only_after_a_second_factor() -> None:
    roles = [Role.CUSTOMER, Role.ADMIN]

    assert roles_in_token(roles, None) == [Role.CUSTOMER]
    assert set(roles_in_token(roles, NOW)) == set(roles)


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standards_examples(moment: int, code: str) -> None:
    """RFC 6238, appendix B, the last six digits of its eight."""
    found = factors.matching_counter(SEED, code, datetime.fromtimestamp(moment, UTC), last_counter=0)

    assert found == moment // 30


@pytest.mark.parametrize(
    ("age", "is_good"),
    [(timedelta(0), True), (timedelta(seconds=30), True), (timedelta(seconds=-30), True),
     (timedelta(seconds=60), False), (timedelta(seconds=-60), False)],
    ids=["now", "a step late", "a step early", "two steps late", "two steps early"],
)  # fmt: skip
def test_code_is_good_for_one_step_around_its_own(age: timedelta, is_good: bool) -> None:
    code = pyotp.TOTP(SEED).at(NOW - age)

    assert (factors.matching_counter(SEED, code, NOW, last_counter=0) is not None) is is_good


def test_code_of_a_step_used_before_is_refused() -> None:
    code = pyotp.TOTP(SEED).at(NOW)
    counter = factors.matching_counter(SEED, code, NOW, last_counter=0)

    assert counter is not None
    assert factors.matching_counter(SEED, code, NOW, last_counter=counter) is None


def test_recovery_code_is_the_same_however_it_is_copied() -> None:
    user_id = uuid7()
    codes = factors.new_recovery_codes()

    assert len(set(codes)) == factors.RECOVERY_CODES
    assert factors.recovery_hash(user_id, codes[0]) == factors.recovery_hash(
        user_id, codes[0].upper().replace("-", " ")
    )
    assert factors.recovery_hash(user_id, codes[0]) != factors.recovery_hash(uuid7(), codes[0])
