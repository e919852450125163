"""What the security of the service turns on is in the log: log-ins, guesses, lock-outs, reuse, new roles."""

from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from psycopg.rows import dict_row

from app.audit import service as audit
from app.core.ids import decode
from tests.app.identity.accounts import logged_in, new_person, registered, try_log_in
from tests.app.settings.conditions import until
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def told(database: TestDatabase, user_id: UUID) -> list[dict[str, Any]]:
    """What the log says of a user and of the user's sessions, once all notes are written."""
    await until(lambda: audit.pending() == 0)
    with psycopg.connect(database.conninfo("app_ro"), row_factory=dict_row) as connection:
        return connection.execute(
            "select action, actor_kind, actor_id, after, kind from app.audit_entries where entity_id in ("
            "   select %(user)s::text union select id::text from app.sessions where user_id = %(user)s"
            ") order by id",
            {"user": user_id},
        ).fetchall()


async def test_log_in_and_reuse_of_its_token_are_told(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    user_id = decode("usr", person["id"])
    token = {"refresh_token": (await logged_in(client, person))["refresh_token"]}
    await client.post("/v1/auth/refresh", json=token)
    await client.post("/v1/auth/refresh", json=token)

    entries = await told(core_database, user_id)

    assert [(e["action"], e["actor_kind"]) for e in entries] == [
        ("auth.logged_in", "user"),
        ("auth.token_reused", "unknown"),
    ]
    assert entries[0]["actor_id"] == user_id
    assert {e["kind"] for e in entries} == {"security"}


async def test_every_guess_is_told_and_the_lock_that_follows(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    user_id = decode("usr", person["id"])
    for _ in range(11):
        await try_log_in(client, person, password="not this one")

    entries = await told(core_database, user_id)

    actions = [(e["action"], (e["after"] or {}).get("wrong")) for e in entries]
    assert (
        actions.count(("auth.log_in_failed", "password")) + actions.count(("auth.log_in_failed", "locked"))
        == 11
    )
    assert ("auth.locked_out", None) in actions
    assert {e["actor_kind"] for e in entries} == {"unknown"}


async def test_guess_at_an_unknown_address_is_told_without_it(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = new_person()
    refused = await try_log_in(client, person)
    await until(lambda: audit.pending() == 0)

    with psycopg.connect(core_database.conninfo("app_ro"), row_factory=dict_row) as connection:
        (entry,) = connection.execute(
            "select * from app.audit_entries where request_id = %s", [refused.headers["x-request-id"]]
        ).fetchall()

    assert (entry["action"], entry["entity_id"], entry["after"]) == (
        "auth.log_in_failed",
        None,
        {"wrong": "unknown"},
    )
    assert person["email"] not in str(entry)
