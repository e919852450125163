"""What an entry may hold, whom it names, and that the chain feels every change."""

import itertools
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audit.rules import (
    CHAINED_FIELDS,
    GENESIS,
    UNKNOWN,
    digest_of,
    facts_of,
    floor_of,
    moment_of,
    months_between,
    refuse_personal,
)
from app.audit.schemas import ActorKind
from app.core.ids import uuid7
from app.core.security import Caller, Role

USER = uuid7()
ENTRY: dict[str, Any] = {
    "id": UUID(int=1),
    "kind": "change",
    "action": "user.roles_changed",
    "entity_type": "user",
    "entity_id": str(USER),
    "actor_kind": "user",
    "actor_id": USER,
    "actor_name": None,
    "actor_roles": ["admin"],
    "before": {"roles": ["customer"]},
    "after": {"roles": ["agent", "customer"]},
    "reason": "joined the desk",
    "request_id": "req_1",
    "ip_hash": None,
    "occurred_at": datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    "recorded_at": datetime(2026, 11, 23, 9, 0, 0, 1, tzinfo=UTC),
    "simulated": False,
}


def test_actor_is_known_by_ids_alone() -> None:
    agent = Caller(str(USER), frozenset({Role.AGENT, Role.CUSTOMER}))
    program = Caller("simulator", frozenset({Role.SIMULATOR}))

    assert (facts_of(agent).kind, facts_of(agent).id) == (ActorKind.USER, USER)
    assert facts_of(agent).roles == ("agent", "customer")
    assert (facts_of(program).kind, facts_of(program).name) == (ActorKind.SERVICE, "simulator")
    assert (facts_of(USER).kind, facts_of(USER).id) == (ActorKind.USER, USER)
    assert (facts_of("expire_holds").kind, facts_of("expire_holds").name) == (
        ActorKind.SERVICE,
        "expire_holds",
    )
    key = Caller(str(USER), frozenset(), api_key_id=uuid7())
    guest = Caller("guest", frozenset(), booking_id=uuid7())
    assert (facts_of(key).kind, facts_of(key).id) == (ActorKind.API_KEY, USER)
    assert (facts_of(key).name or "").startswith("key_")
    assert (facts_of(guest).kind, facts_of(guest).id) == (ActorKind.GUEST, None)
    assert (facts_of(guest).name or "").startswith("bkg_")
    assert facts_of(None).kind is ActorKind.SYSTEM
    assert facts_of(UNKNOWN).kind is ActorKind.UNKNOWN


@pytest.mark.parametrize(
    "values",
    [
        {"email": "ada@example.com"},
        {"profile": {"family_name": "Ferry"}},
        {"passengers": [{"seat": "12A"}, {"date_of_birth": "1990-01-01"}]},
        {"key": {"deep": [[{"secret": "x"}]]}},
    ],
)
def test_personal_fields_are_refused_at_any_depth(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="never holds"):
        refuse_personal(values)


def test_other_fields_are_let_in() -> None:
    refuse_personal({"roles": ["admin"], "limits": {"Y": 10}, "seats": [{"seat": "12A"}]})
    refuse_personal(None)


@given(name=st.sampled_from(CHAINED_FIELDS))
def test_digest_feels_a_change_of_every_field(name: str) -> None:
    changed = ENTRY | {name: "something else"}

    assert digest_of(GENESIS, changed) != digest_of(GENESIS, ENTRY)


def test_digest_feels_what_came_before_and_no_notation_of_time() -> None:
    elsewhere = ENTRY["occurred_at"].astimezone(timezone(timedelta(hours=5)))

    assert digest_of(digest_of(GENESIS, ENTRY), ENTRY) != digest_of(GENESIS, ENTRY)
    assert digest_of(GENESIS, ENTRY | {"occurred_at": elsewhere}) == digest_of(GENESIS, ENTRY)


@given(
    st.integers(0, 7 * 365 * 86_400).map(lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=n)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=900)),
)
def test_months_between_two_moments_leave_no_gap(begins: datetime, span: timedelta) -> None:
    months = months_between(begins, begins + span)

    assert (months[0][0], months[-1][1]) == (begins, begins + span)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(months))
    last_moments = [(first, past - timedelta(microseconds=1)) for first, past in months]
    assert all((a.year, a.month) == (b.year, b.month) for a, b in last_moments)


def test_moment_of_an_id_is_where_its_floor_begins() -> None:
    entry = uuid7()

    assert floor_of(moment_of(entry)) <= entry < floor_of(moment_of(entry) + timedelta(milliseconds=1))
