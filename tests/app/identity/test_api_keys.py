"""API keys: shown once, scoped, rotated with an overlap, revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.core.ids import decode
from app.core.security import scope_of
from app.identity.keys.schemas import Scope
from tests.app.identity.accounts import bearer, grant, logged_in, registered, user_key
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture
async def person(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await registered(client)


@pytest.fixture
async def headers(client: httpx2.AsyncClient, person: dict[str, Any]) -> dict[str, str]:
    return bearer(await logged_in(client, person))


async def made(
    client: httpx2.AsyncClient, headers: dict[str, str], *scopes: str, **more: str
) -> dict[str, Any]:
    body = {"name": "booking engine", "scopes": list(scopes or ("bookings:read",))} | more
    answer = await client.post("/v1/me/api-keys", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def by(key: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {key['key']}"}


def age(database: TestDatabase, key: dict[str, Any], column: str, interval: str) -> None:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        connection.execute(
            f"update app.api_keys set {column} = now() + %s::interval where id = %s",
            [interval, decode("key", key["id"])],
        )


async def test_key_acts_as_its_owner_within_its_scopes(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    key = await made(client, headers, "bookings:read")

    reads = await client.get("/v1/bookings", headers=by(key))
    writes = await client.post("/v1/bookings", json={}, headers=by(key) | {"idempotency-key": "one"})
    account = await client.get("/v1/me", headers=by(key))

    assert reads.status_code == 200
    assert (writes.status_code, writes.json()["code"]) == (403, "scope_missing")
    assert (account.status_code, account.json()["code"]) == (403, "scope_missing")
    assert key["key"].startswith(key["prefix"])


async def test_key_is_shown_once_and_kept_as_a_hash(
    client: httpx2.AsyncClient, headers: dict[str, str], core_database: TestDatabase, person: dict[str, Any]
) -> None:
    key = await made(client, headers)

    shown = await client.get(f"/v1/me/api-keys/{key['id']}", headers=headers)
    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        (row,) = connection.execute(
            "select to_jsonb(k)::text from app.api_keys k where user_id = %s", [user_key(person)]
        ).fetchone() or ("",)

    assert "key" not in shown.json()
    assert key["prefix"] in row
    assert key["key"] not in row


async def test_use_is_noted_to_the_minute(
    client: httpx2.AsyncClient, headers: dict[str, str], core_database: TestDatabase
) -> None:
    key = await made(client, headers)
    path = f"/v1/me/api-keys/{key['id']}"
    before = (await client.get(path, headers=headers)).json()["last_used_at"]
    await client.get("/v1/bookings", headers=by(key))
    first = (await client.get(path, headers=headers)).json()["last_used_at"]
    await client.get("/v1/bookings", headers=by(key))
    second = (await client.get(path, headers=headers)).json()["last_used_at"]
    age(core_database, key, "last_used_at", "-2 minutes")
    await client.get("/v1/bookings", headers=by(key))
    third = (await client.get(path, headers=headers)).json()["last_used_at"]

    assert before is None
    assert first == second, "a busy key does not write its row with every call"
    assert third > first


async def test_rotation_lets_both_keys_work_until_the_overlap_is_over(
    client: httpx2.AsyncClient, headers: dict[str, str], core_database: TestDatabase
) -> None:
    old = await made(client, headers)

    rotated = await client.post(
        f"/v1/me/api-keys/{old['id']}/rotate", json={"overlap_hours": 1}, headers=headers
    )
    new = rotated.json()
    during = [(await client.get("/v1/bookings", headers=by(key))).status_code for key in (old, new)]
    again = await client.post(f"/v1/me/api-keys/{old['id']}/rotate", json={}, headers=headers)
    shown = (await client.get(f"/v1/me/api-keys/{old['id']}", headers=headers)).json()
    age(core_database, old, "expires_at", "0 seconds")
    after = [(await client.get("/v1/bookings", headers=by(key))).status_code for key in (old, new)]

    assert rotated.status_code == 201
    assert (new["name"], new["scopes"]) == (old["name"], old["scopes"])
    assert during == [200, 200]
    assert (again.status_code, again.json()["code"]) == (409, "api_key_ended")
    assert shown["replaced_by"] == new["id"]
    ends = datetime.fromisoformat(shown["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < ends <= timedelta(hours=1)
    assert after == [401, 200]


async def test_revoked_expired_or_made_up_key_opens_nothing(
    client: httpx2.AsyncClient, headers: dict[str, str], core_database: TestDatabase
) -> None:
    revoked, expired = await made(client, headers), await made(client, headers)
    gone = await client.delete(f"/v1/me/api-keys/{revoked['id']}", headers=headers)
    age(core_database, expired, "expires_at", "-1 second")

    answers = [
        await client.get("/v1/bookings", headers=by(key))
        for key in (revoked, expired, {"key": "ck_nonsense"})
    ]

    assert gone.status_code == 204
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (401, "api_key_invalid")
    ] * 3


async def test_key_of_a_locked_owner_opens_nothing(
    client: httpx2.AsyncClient, headers: dict[str, str], person: dict[str, Any], core_database: TestDatabase
) -> None:
    key = await made(client, headers)
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute("update app.users set status = 'locked' where id = %s", [user_key(person)])

    assert (await client.get("/v1/bookings", headers=by(key))).status_code == 401


async def test_key_never_carries_the_roles_of_staff(
    client: httpx2.AsyncClient, headers: dict[str, str], person: dict[str, Any], core_database: TestDatabase
) -> None:
    grant(core_database, person, "agent")
    key = await made(client, headers, "bookings:read", "bookings:write")
    another = await registered(client)
    theirs = await client.get("/v1/bookings", headers=bearer(await logged_in(client, another)))

    assert theirs.status_code == 200
    foreign = await client.get(f"/v1/bookings/bkg_{'0' * 32}", headers=by(key))
    assert foreign.status_code == 404


async def test_key_of_another_does_not_exist(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    key = await made(client, headers)
    stranger = bearer(await logged_in(client, await registered(client)))

    answers = [
        await client.get(f"/v1/me/api-keys/{key['id']}", headers=stranger),
        await client.delete(f"/v1/me/api-keys/{key['id']}", headers=stranger),
        await client.post(f"/v1/me/api-keys/{key['id']}/rotate", json={}, headers=stranger),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert (await client.get("/v1/bookings", headers=by(key))).status_code == 200


async def test_keys_are_listed_in_pages_the_newest_first(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    keys = [(await made(client, headers))["id"] for _ in range(3)]

    first = (await client.get("/v1/me/api-keys?limit=2", headers=headers)).json()
    second = (
        await client.get(f"/v1/me/api-keys?limit=2&after={first['meta']['after']}", headers=headers)
    ).json()
    back = (
        await client.get(f"/v1/me/api-keys?limit=2&before={second['meta']['before']}", headers=headers)
    ).json()

    assert [key["id"] for key in first["data"] + second["data"]] == keys[::-1]
    assert back["data"] == first["data"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["identity:read"]},
        {"name": "x", "scopes": ["administration:write"]},
        {"name": " ", "scopes": ["bookings:read"]},
        {"name": "x", "scopes": ["bookings:read"], "expires_at": "2026-11-23T09:00:00"},
    ],
    ids=["no scope", "the account", "administration", "no name", "a moment without its zone"],
)
async def test_key_that_could_not_be_is_refused(
    client: httpx2.AsyncClient, headers: dict[str, str], body: dict[str, Any]
) -> None:
    answer = await client.post("/v1/me/api-keys", json=body, headers=headers)

    assert answer.status_code == 422


def test_every_scope_opens_some_route_of_the_program(application: FastAPI) -> None:
    open_to = {
        scope_of(method, getattr(route, "tags", []))
        for route in iter_route_contexts(application.routes)
        for method in route.methods or ()
    }

    # Webhooks and events are the last to come.
    assert {str(scope) for scope in Scope} - {"events:read", "events:write"} <= open_to


async def test_account_has_a_bounded_number_of_keys(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    for _ in range(20):
        await made(client, headers)

    answer = await client.post(
        "/v1/me/api-keys", json={"name": "one more", "scopes": ["bookings:read"]}, headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_api_keys")
