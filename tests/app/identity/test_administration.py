"""Admins: who has which role, who is locked, and the two things nobody may do."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg
import pytest

from app.core.db import transaction
from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token, verify_token
from app.identity.administration import service, store
from app.identity.administration.errors import LastAdmin
from app.identity.administration.schemas import RolesChange
from deploy.local.postgres import core_environment
from tests.app.identity.accounts import (
    bearer,
    events_of,
    grant,
    logged_in,
    registered,
    try_log_in,
    user_key,
)
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


def admin(user_id: Any = None, *, stepped_up: bool = True) -> dict[str, str]:
    given_at = datetime.now(UTC) if stepped_up else None
    token = mint_access_token(user_id or uuid7(), uuid7(), [Role.ADMIN], given_at)
    return {"authorization": f"Bearer {token}"}


async def set_roles(
    client: httpx2.AsyncClient, person: dict[str, Any], *roles: str, **headers: str
) -> httpx2.Response:
    path = f"/v1/admin/users/{person['id']}"
    read = await client.get(path, headers=admin())
    body = {"roles": list(roles), "reason": "a test"}
    sent = admin() | {"if-match": read.headers["etag"]} | headers
    return await client.put(f"{path}/roles", json=body, headers=sent)


def audited(database: TestDatabase, person: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        rows = connection.execute(
            "select action, before, after from app.audit_entries where entity_id = any(%s) order by id",
            [[str(user_key(person)), person["id"]]],
        ).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


async def test_roles_are_set_as_a_whole_told_and_audited_and_end_the_sessions(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)

    changed = await set_roles(client, person, "customer", "agent")
    refreshed = await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    taken = await set_roles(client, person, "customer")

    assert changed.status_code == taken.status_code == 200, changed.text
    assert sorted(changed.json()["roles"]) == ["agent", "customer"]
    assert taken.json()["roles"] == ["customer"]
    assert refreshed.status_code == 401
    told = [payload for kind, payload in events_of(core_database, person) if kind == "RolesChanged"]
    assert told[0] == {"before": ["customer"], "after": ["agent", "customer"]}
    assert audited(core_database, person)[0] == (
        "user.roles_changed",
        {"roles": ["customer"]},
        {"roles": ["agent", "customer"]},
    )


async def test_roles_need_a_second_factor_of_late_and_the_roles_that_were_read(
    client: httpx2.AsyncClient,
) -> None:
    person = await registered(client)

    plain = await set_roles(client, person, "agent", **admin(stepped_up=False))
    stale = await set_roles(client, person, "agent", **{"if-match": '"v0"'})

    assert (plain.status_code, plain.json()["code"]) == (403, "step_up_required")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


async def test_role_of_programs_is_given_to_nobody(client: httpx2.AsyncClient) -> None:
    answer = await set_roles(client, await registered(client), "simulator")

    assert (answer.status_code, answer.json()["code"]) == (422, "role_not_grantable")


async def test_nobody_changes_their_own_roles(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    grant(core_database, person, "admin")

    answer = await set_roles(client, person, "customer", **admin(user_key(person)))

    assert (answer.status_code, answer.json()["code"]) == (409, "own_roles")


def without_admins(database: TestDatabase) -> None:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        connection.execute("delete from app.user_roles where role = 'admin'")


async def two_admins(client: httpx2.AsyncClient, database: TestDatabase) -> list[dict[str, Any]]:
    without_admins(database)
    people = [await registered(client) for _ in range(2)]
    for person in people:
        grant(database, person, "admin")
    return people


async def take_each_others_role(people: list[dict[str, Any]]) -> int:
    """Both at once: how many succeed."""

    async def take(person: dict[str, Any]) -> None:
        async with transaction() as session:
            change = RolesChange(roles=[Role.CUSTOMER], reason="a test")
            await service.grant_roles(session, "test", user_key(person), change)

    results = await asyncio.gather(*(take(person) for person in people), return_exceptions=True)
    assert all(result is None or isinstance(result, LastAdmin) for result in results), results
    return sum(result is None for result in results)


async def test_two_admins_who_take_each_others_role_leave_one(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    people = await two_admins(client, core_database)

    assert await take_each_others_role(people) == 1


async def test_without_the_lock_no_admin_would_be_left(
    client: httpx2.AsyncClient, core_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: both count the other before either has written."""
    people = await two_admins(client, core_database)
    counted = asyncio.Barrier(2)
    count = store.count_other_admins

    async def unlocked(session: Any) -> None:
        return None

    async def counting(session: Any, user_id: Any) -> int:
        found = await count(session, user_id)
        await asyncio.wait_for(counted.wait(), 10)
        return found

    monkeypatch.setattr(store, "lock_roles_for_update", unlocked)
    monkeypatch.setattr(store, "count_other_admins", counting)

    assert await take_each_others_role(people) == 2


async def test_locked_account_opens_nothing_until_unlocked(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)
    path, body = f"/v1/admin/users/{person['id']}", {"reason": "a test"}

    locked = await client.post(f"{path}/lock", json=body, headers=admin())
    while_locked = [
        await try_log_in(client, person),
        await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]}),
    ]
    unlocked = await client.post(f"{path}/unlock", json=body, headers=admin())

    assert locked.json()["status"] == "locked"
    assert [answer.status_code for answer in while_locked] == [401, 401]
    assert while_locked[0].json()["code"] == "credentials_wrong"
    assert unlocked.json()["status"] == "active"
    assert (await try_log_in(client, person)).status_code == 200
    assert [entry[0] for entry in audited(core_database, person)] == ["user.locked", "user.unlocked"]


async def test_users_are_found_by_role_by_status_and_by_whole_address(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    await set_roles(client, person, "operations")

    listed = await client.get("/v1/admin/users?role=operations&limit=1", headers=admin())
    found = await client.post(
        "/v1/admin/users/search", json={"email": person["email"].upper()}, headers=admin()
    )
    nobody = await client.post("/v1/admin/users/search", json={"email": "a@example.com"}, headers=admin())
    unknown = await client.get(f"/v1/admin/users/{encode('usr', uuid7())}", headers=admin())

    assert [user["id"] for user in listed.json()["data"]] == [person["id"]]
    assert found.json()["given_name"] == "Ada"
    assert [nobody.status_code, unknown.status_code] == [404, 404]


async def test_program_gets_a_token_bound_to_its_roles_and_scopes(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    body = {"subject": "desk-export", "roles": ["analyst"], "scopes": ["flights:read"]}

    made = await client.post("/v1/admin/service-tokens", json=body, headers=admin())
    caller = verify_token(made.json()["access_token"])
    refused = await client.get("/v1/me", headers=bearer(made.json()))

    assert made.status_code == 201
    assert (caller.subject, caller.roles, caller.scopes) == (
        "desk-export",
        frozenset({Role.ANALYST}),
        frozenset({"flights:read"}),
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        row = connection.execute(
            "select after from app.audit_entries where action = 'service_token.made' order by id desc limit 1"
        ).fetchone()
    assert row == ({"roles": ["analyst"], "scopes": ["flights:read"]},)


def granted(database: TestDatabase, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own: its event loop is not the tests'."""
    words = "import sys; from app.identity.administration import command\n"
    words += "try: print(command.run(sys.argv[1], sys.argv[2:]))\n"
    words += "except command.GrantRefused as refusal: sys.exit(str(refusal))"
    environment = {**os.environ, **core_environment(database.home, database.port)}
    return subprocess.run(
        [sys.executable, "-c", words, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_first_admin_is_made_on_the_command_line(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)

    done = granted(core_database, person["id"], "admin")

    assert done.returncode == 0, done.stderr
    assert "roles: admin, customer" in done.stdout
    assert audited(core_database, person)[0][2] == {"roles": ["admin", "customer"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ada@example.com", "admin"], "usr_"),
        ([encode("usr", uuid7()), "king"], "king"),
        ([encode("usr", uuid7()), "admin"], "no such user"),
    ],
)
async def test_command_line_refuses_in_a_sentence(
    core_database: TestDatabase, application: object, arguments: list[str], words: str
) -> None:
    done = granted(core_database, *arguments)

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
