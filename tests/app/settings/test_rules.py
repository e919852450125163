"""Which version of a setting holds, by moment and environment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.settings.definitions import setting
from app.settings.registry import CHECKOUT_HOLD, FLAGS, SETTINGS
from app.settings.rules import Version, in_effect
from app.settings.schemas import Kind, Scope

T0 = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def version(number: int, value: Any, begins: datetime = T0, environment: Scope = Scope.ALL) -> Version:
    return Version(Kind.SETTING, "a.key", number, environment, value, begins, "tried", None, begins)


def test_nothing_holds_before_the_first_beginning() -> None:
    assert in_effect([version(1, 5)], "sandbox", T0 - HOUR) is None
    assert in_effect([version(1, 5)], "sandbox", T0) == version(1, 5)


def test_planned_change_holds_from_its_time_on() -> None:
    now, planned = version(1, 5), version(2, 7, T0 + HOUR)

    assert in_effect([now, planned], "sandbox", T0) == now
    assert in_effect([now, planned], "sandbox", T0 + HOUR) == planned


def test_later_beginning_counts_although_it_was_said_first() -> None:
    planned, now = version(1, 7, T0 + HOUR), version(2, 5, T0)

    assert in_effect([planned, now], "sandbox", T0 + HOUR) == planned


def test_planned_change_is_undone_by_a_younger_version_of_the_same_time() -> None:
    planned, undone = version(1, 7, T0 + HOUR), version(2, 5, T0 + HOUR)

    assert in_effect([planned, undone], "sandbox", T0 + HOUR) == undone


def test_own_environment_counts_before_all_of_them() -> None:
    own = version(1, 5, T0, Scope.SANDBOX)
    of_all = version(2, 7, T0 + HOUR)

    assert in_effect([own, of_all], "sandbox", T0 + HOUR) == own
    assert in_effect([own, of_all], "production", T0 + HOUR) == of_all


def test_own_environment_that_returns_to_the_default_lets_all_of_them_speak() -> None:
    returned = version(2, None, T0, Scope.SANDBOX)

    assert in_effect([version(1, 7), returned], "sandbox", T0) == version(1, 7)
    assert in_effect([returned], "sandbox", T0) is None


@given(
    begins=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    scopes=st.lists(st.sampled_from(list(Scope)), min_size=8, max_size=8),
    at=st.integers(0, 5),
)
def test_what_holds_has_begun_and_is_of_this_environment(
    begins: list[int], scopes: list[Scope], at: int
) -> None:
    versions = [version(n, n, T0 + HOUR * b, s) for n, (b, s) in enumerate(zip(begins, scopes, strict=False))]

    found = in_effect(versions, Scope.SANDBOX, T0 + HOUR * at)

    rivals = [v for v in versions if v.effective_from <= T0 + HOUR * at and v.environment != Scope.PRODUCTION]
    assert (found is None) == (rivals == [])
    if found is not None:
        assert found in rivals
        same = [v for v in rivals if v.environment == found.environment]
        assert all((v.effective_from, v.version) <= (found.effective_from, found.version) for v in same)


@pytest.mark.parametrize("stored", ["PT1M", "PT3H", "soon", {"minutes": 10}, None, []])
def test_duration_outside_of_its_bounds_or_of_another_kind_is_refused(stored: Any) -> None:
    with pytest.raises(ValidationError):
        CHECKOUT_HOLD.read(stored)


@pytest.mark.parametrize("stored", ["3", 2.5, True, 0, 11])
def test_number_is_a_whole_number_within_its_bounds(stored: Any) -> None:
    with pytest.raises(ValidationError):
        setting("a.number", 5, "A number", at_least=1, at_most=10).read(stored)


def test_every_default_of_the_registry_lies_within_its_own_bounds() -> None:
    for definition in SETTINGS.values():
        assert definition.read(definition.write(definition.default)) == definition.default
    assert set(SETTINGS).isdisjoint(FLAGS)
