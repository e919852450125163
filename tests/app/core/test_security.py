"""What a token or key says of its caller, and what it opens."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import time_machine
from fastapi import FastAPI

from app.core import http, security
from app.core.errors import Forbidden, Unauthorized
from app.core.ids import uuid7
from app.core.security import (
    ACCESS_TOKEN_LIFE,
    MAX_VERIFIED,
    STEP_UP_LIFE,
    Caller,
    CurrentCaller,
    OptionalCaller,
    Role,
    mint_access_token,
    mint_guest_token,
    mint_service_token,
    require_role,
    require_step_up,
    verify_token,
)

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

KEY = Caller(str(uuid7()), frozenset({Role.CUSTOMER}), scopes=frozenset({"flights:read"}), api_key_id=uuid7())


async def read_api_key(secret: str) -> Caller:
    assert secret == "ck_partner"
    return KEY


@pytest.fixture
async def doors(core_settings: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A program with one route of each kind."""
    app = FastAPI()
    http.install(app)
    app.state.read_api_key = read_api_key

    @app.get("/flights", tags=["flights"])
    async def read_flights(caller: OptionalCaller) -> dict[str, Any]:
        return {"key": str(caller.api_key_id) if caller else None}

    @app.post("/flights", tags=["flights"])
    async def write_flights(caller: CurrentCaller) -> dict[str, Any]:
        return {}

    @app.get("/forgotten")
    async def forgotten(caller: CurrentCaller) -> dict[str, Any]:
        return {}

    @app.post("/careful", dependencies=[require_role(Role.ADMIN), require_step_up()])
    async def careful() -> dict[str, Any]:
        return {}

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as caller:
        yield caller


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_api_key_is_let_in_where_its_scopes_say_and_nowhere_else(doors: httpx2.AsyncClient) -> None:
    allowed = await doors.get("/flights", headers=bearer("ck_partner"))
    refused = [
        await doors.post("/flights", headers=bearer("ck_partner")),
        await doors.get("/forgotten", headers=bearer("ck_partner")),
    ]

    assert allowed.json() == {"key": str(KEY.api_key_id)}
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "scope_missing")] * 2


async def test_service_token_without_scopes_does_all_its_roles_may(doors: httpx2.AsyncClient) -> None:
    narrow = mint_service_token("reader", [Role.ANALYST], frozenset({"flights:write"}))
    wide = mint_service_token("reader", [Role.ANALYST])

    assert (await doors.get("/flights", headers=bearer(narrow))).status_code == 403
    assert (await doors.post("/flights", headers=bearer(narrow))).status_code == 200
    assert (await doors.get("/forgotten", headers=bearer(wide))).status_code == 200


@pytest.mark.parametrize(
    ("role", "age", "code"),
    [
        (Role.ADMIN, timedelta(minutes=1), None),
        (Role.ADMIN, STEP_UP_LIFE + timedelta(seconds=1), "step_up_required"),
        (Role.ADMIN, None, "step_up_required"),
        (Role.CUSTOMER, timedelta(0), "forbidden"),
    ],
    ids=["just given", "too long ago", "never given", "not the role"],
)
async def test_careful_route_needs_a_second_factor_of_late(
    doors: httpx2.AsyncClient, role: Role, age: timedelta | None, code: str | None
) -> None:
    given_at = None if age is None else datetime.now(UTC) - age

    answer = await doors.post(
        "/careful", headers=bearer(mint_access_token(uuid7(), uuid7(), [role], given_at))
    )

    assert answer.json().get("code") == code


async def test_guest_token_names_a_booking_and_no_user(core_settings: Path) -> None:
    booking_id = uuid7()

    guest = verify_token(mint_guest_token(booking_id))

    assert guest.booking_id == booking_id
    assert guest.roles == frozenset()
    assert guest.acting_user_id is None
    with pytest.raises(Forbidden):
        _ = guest.user_id


def test_a_token_that_is_remembered_is_refused_once_it_expires(core_settings: Path) -> None:
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as clock:
        token = mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER])
        assert verify_token(token) == verify_token(token)

        clock.shift(ACCESS_TOKEN_LIFE + timedelta(seconds=1))

        with pytest.raises(Unauthorized):
            verify_token(token)


def test_a_token_that_was_tampered_with_is_refused_beside_the_one_it_was_made_of(core_settings: Path) -> None:
    token = mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER])
    verify_token(token)

    with pytest.raises(Unauthorized):
        verify_token(token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB"))


def test_no_more_tokens_are_remembered_than_there_is_room_for(
    core_settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "MAX_VERIFIED", len(security._verified) + 1)
    for _ in range(3):
        verify_token(mint_access_token(uuid7(), uuid7(), [Role.CUSTOMER]))

    assert len(security._verified) == security.MAX_VERIFIED < MAX_VERIFIED
