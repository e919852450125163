"""Registering, logging in, and how a session is kept, given up and taken away."""

from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest

from app.core.ids import decode, uuid7
from app.core.security import verify_password
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

PASSWORD = "a long and private sentence"


def new_person() -> dict[str, Any]:
    return {
        "email": f"ada.{uuid7().hex}@example.com",
        "password": PASSWORD,
        "given_name": "Ada",
        "family_name": "Ferry",
    }


async def registered(client: httpx2.AsyncClient) -> dict[str, Any]:
    person = new_person()
    answer = await client.post("/v1/users", json=person)
    assert answer.status_code == 201, answer.text
    return person | {"id": answer.json()["id"]}


async def logged_in(client: httpx2.AsyncClient, person: dict[str, Any]) -> dict[str, Any]:
    credentials = {"email": person["email"], "password": person["password"]}
    answer = await client.post("/v1/auth/token", json=credentials)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_registered_person_logs_in_and_is_known(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)

    me = await client.get("/v1/me", headers={"authorization": f"Bearer {tokens['access_token']}"})

    assert me.status_code == 200
    assert me.json()["email"] == person["email"]
    assert me.json()["id"] == person["id"]
    assert me.json()["roles"] == ["customer"]
    assert tokens["expires_in"] == 900
    assert len(tokens["refresh_token"]) >= 43


async def test_email_is_recognised_in_any_case(client: httpx2.AsyncClient) -> None:
    person = await registered(client)

    again = await client.post("/v1/users", json=new_person() | {"email": person["email"].upper()})
    tokens = await client.post(
        "/v1/auth/token", json={"email": person["email"].upper(), "password": PASSWORD}
    )

    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    assert again.json()["errors"] == [
        {"pointer": "/email", "detail": "An account with this e-mail address exists already"}
    ]
    assert tokens.status_code == 200


async def test_unknown_email_and_wrong_password_are_answered_alike(client: httpx2.AsyncClient) -> None:
    person = await registered(client)

    wrong = await client.post("/v1/auth/token", json={"email": person["email"], "password": "not this one"})
    unknown = await client.post(
        "/v1/auth/token", json={"email": new_person()["email"], "password": "not this one"}
    )

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.headers["www-authenticate"] == "Bearer"
    without_id = [
        {k: v for k, v in answer.json().items() if k != "request_id"} for answer in (wrong, unknown)
    ]
    assert without_id[0] == without_id[1]


async def test_unknown_email_costs_a_password_check_too(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time is compared by the work done and not by the clock, which says little on a busy machine."""
    person = await registered(client)
    checked: list[str] = []

    async def counting(password: str, password_hash: str) -> bool:
        checked.append(password_hash.rsplit("$", 2)[0])
        return await verify_password(password, password_hash)

    monkeypatch.setattr("app.identity.service.verify_password", counting)
    for email in (person["email"], new_person()["email"]):
        await client.post("/v1/auth/token", json={"email": email, "password": "not this one"})

    assert len(checked) == 2
    assert checked[0] == checked[1], "both hashes must cost the same"


async def test_ten_wrong_passwords_lock_for_a_while_in_the_same_words(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    for _ in range(10):
        wrong = await client.post("/v1/auth/token", json={"email": person["email"], "password": "no"})
        assert wrong.json()["code"] == "credentials_wrong"

    locked = await client.post("/v1/auth/token", json={"email": person["email"], "password": PASSWORD})
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update vault.logins set locked_until = now() - interval '1 second' where user_id = %s",
            [decode("usr", person["id"])],
        )
    free = await client.post("/v1/auth/token", json={"email": person["email"], "password": PASSWORD})

    assert (locked.status_code, locked.json()["code"]) == (401, "credentials_wrong")
    assert free.status_code == 200


async def test_refresh_token_is_exchanged_once_and_the_chain_goes_on(client: httpx2.AsyncClient) -> None:
    first = await logged_in(client, await registered(client))

    second = await client.post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    third = await client.post("/v1/auth/refresh", json={"refresh_token": second.json()["refresh_token"]})

    assert second.status_code == third.status_code == 200
    tokens = {first["refresh_token"], second.json()["refresh_token"], third.json()["refresh_token"]}
    assert len(tokens) == 3


async def test_reuse_of_a_refresh_token_ends_the_whole_session(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    first = await logged_in(client, person)
    elsewhere = await logged_in(client, person)
    second = (await client.post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})).json()

    reused = await client.post("/v1/auth/refresh", json={"refresh_token": first["refresh_token"]})
    newest = await client.post("/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
    other = await client.post("/v1/auth/refresh", json={"refresh_token": elsewhere["refresh_token"]})

    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_token_reused")
    assert (newest.status_code, newest.json()["code"]) == (401, "refresh_token_invalid")
    assert other.status_code == 200, "only the session of the reused token ends"
    assert end_reasons(core_database, decode("usr", person["id"])) == ["reuse_detected"]


async def test_logging_out_ends_the_session_and_says_nothing_of_foreign_tokens(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)

    out = await client.post("/v1/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    foreign = await client.post("/v1/auth/logout", json={"refresh_token": "never-issued"})
    after = await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})

    assert out.status_code == foreign.status_code == 204
    assert (after.status_code, after.json()["code"]) == (401, "refresh_token_invalid")
    assert end_reasons(core_database, decode("usr", person["id"])) == ["logged_out"]


async def test_registration_leaves_no_personal_datum_outside_the_vault(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    user_id = decode("usr", person["id"])

    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select to_jsonb(u)::text from app.users u where id = %s "
            "union all select to_jsonb(e)::text from app.domain_events e where entity_id = %s",
            [user_id, user_id],
        ).fetchall()

    assert len(rows) == 2
    text = " ".join(row[0] for row in rows)
    assert "UserRegistered" in text
    assert person["email"] not in text
    assert person["family_name"] not in text


def end_reasons(database: TestDatabase, user_id: UUID) -> list[str]:
    with psycopg.connect(database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select end_reason from app.sessions where user_id = %s and ended_at is not null", [user_id]
        ).fetchall()
    return [row[0] for row in rows]
