"""What a flag serves to whom, as a rule and through OpenFeature."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openfeature.evaluation_context import EvaluationContext
from pydantic import ValidationError

from app.core.ids import encode, uuid7
from app.settings import memory
from app.settings.provider import AT, ROLES, client
from app.settings.rules import BUCKETS, Version, bucket_of, serve, snapshot_of
from app.settings.schemas import FlagState, Kind, Scope

NOW = datetime(2026, 12, 1, tzinfo=UTC)
USERS = [str(uuid7()) for _ in range(4_000)]


def state(**given: Any) -> FlagState:
    for rule in given.get("rules", []):
        if "users" in rule:
            rule["users"] = [user if "@" in user else encode("usr", UUID(user)) for user in rule["users"]]
    return FlagState.model_validate({"serve": "off"} | given)


def test_flag_that_is_not_enabled_serves_off_to_everybody() -> None:
    flag = state(enabled=False, serve="on", rules=[{"users": [USERS[0]], "serve": "on"}])

    assert serve("a.flag", flag, USERS[0], ["admin"]).value is False


def test_first_rule_that_fits_decides() -> None:
    flag = state(
        rules=[
            {"users": [USERS[0]], "serve": "off"},
            {"roles": ["agent", "admin"], "serve": "on"},
        ]
    )

    assert serve("a.flag", flag, USERS[0], ["admin"]).value is False
    assert serve("a.flag", flag, USERS[1], ["admin"]).value is True
    assert serve("a.flag", flag, USERS[1], ["customer"]).value is False
    assert serve("a.flag", flag, None, []).value is False


def test_rule_fits_only_whom_all_of_its_conditions_fit() -> None:
    flag = state(rules=[{"users": USERS[:2], "roles": ["agent"], "percentage": 100, "serve": "on"}])

    assert serve("a.flag", flag, USERS[0], ["agent"]).value is True
    assert serve("a.flag", flag, USERS[0], ["customer"]).value is False
    assert serve("a.flag", flag, USERS[2], ["agent"]).value is False


@pytest.mark.parametrize("percentage", [0, 1, 10, 50, 99.5, 100])
def test_share_of_users_is_as_large_as_it_says(percentage: float) -> None:
    flag = state(rules=[{"percentage": percentage, "serve": "on"}])

    served = sum(serve("a.flag", flag, user, []).value is True for user in USERS)

    assert served / len(USERS) == pytest.approx(percentage / 100, abs=0.025)
    assert serve("a.flag", flag, None, []).value is (percentage == 100)


@given(who=st.uuids(), small=st.floats(0, 100, allow_nan=False), more=st.floats(0, 100, allow_nan=False))
def test_raising_a_share_keeps_those_who_are_in(who: object, small: float, more: float) -> None:
    small, large = sorted((small, more))
    flags = [state(rules=[{"percentage": each, "serve": "on"}]) for each in (small, large)]

    before, after = (serve("a.flag", flag, str(who), []).value for flag in flags)

    assert after or not before


def test_shares_of_two_flags_are_unrelated() -> None:
    half = BUCKETS // 2

    both = sum(bucket_of("a.flag", user) < half and bucket_of("b.flag", user) < half for user in USERS)

    assert both / len(USERS) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(
    "wrong",
    [
        {"serve": "absent"},
        {"rules": [{"serve": "absent"}]},
        {"variants": {"on": True, "off": "no"}},
        {"rules": [{"percentage": 101, "serve": "on"}]},
        {"rules": [{"users": [], "serve": "on"}]},
        {"rules": [{"users": ["ada@example.com"], "serve": "on"}]},
        {"surprise": 1},
    ],
)
def test_flag_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        state(**wrong)


def said(key: str, value: FlagState) -> Version:
    stored = value.model_dump(mode="json")
    return Version(Kind.FLAG, key, 1, Scope.ALL, stored, NOW, "tried", None, NOW)


def test_openfeature_gets_value_variant_and_reason(core_settings: object) -> None:
    targeted = state(rules=[{"roles": ["agent"], "serve": "on"}])
    snapshot = snapshot_of([said("a.flag", targeted), said("b.flag", state(enabled=False))])
    agent = EvaluationContext(USERS[0], {AT: NOW, ROLES: ["agent"]})

    with memory.lent(snapshot):
        fits = client().get_boolean_details("a.flag", False, agent)
        nobody = client().get_boolean_details("a.flag", True, EvaluationContext(attributes={AT: NOW}))
        disabled = client().get_boolean_details("b.flag", True, agent)
        absent = client().get_boolean_details("c.flag", True, agent)

    assert (fits.value, fits.variant, fits.reason) == (True, "on", "TARGETING_MATCH")
    assert (nobody.value, nobody.reason) == (False, "STATIC")
    assert (disabled.value, disabled.reason) == (False, "DISABLED")
    assert (absent.value, absent.error_code) == (True, "FLAG_NOT_FOUND")


@pytest.mark.parametrize(
    ("variants", "ask", "default", "expected"),
    [
        ({"on": "blue", "off": "grey"}, "get_string_value", "red", "blue"),
        ({"on": 3, "off": 1}, "get_integer_value", 7, 3),
        ({"on": 2.5, "off": 0.5}, "get_float_value", 7.5, 2.5),
        ({"on": {"rows": 3}, "off": {}}, "get_object_value", {"rows": 9}, {"rows": 3}),
        ({"on": "blue", "off": "grey"}, "get_boolean_value", False, False),
        ({"on": True, "off": False}, "get_integer_value", 7, 7),
    ],
)
def test_variants_are_of_any_type_and_another_type_gets_the_default(
    core_settings: object, variants: dict[str, Any], ask: str, default: Any, expected: Any
) -> None:
    snapshot = snapshot_of([said("a.flag", state(serve="on", variants=variants))])

    with memory.lent(snapshot):
        value = getattr(client(), ask)("a.flag", default, EvaluationContext(attributes={AT: NOW}))

    assert value == expected
