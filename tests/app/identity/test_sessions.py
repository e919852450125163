"""Registering, logging in, and how a session is kept, given up and taken away."""

import asyncio
from uuid import UUID

import httpx2
import psycopg
import pytest

from app.core.ids import decode, encode, uuid7
from app.core.security import verify_password
from tests.app.identity.accounts import PASSWORD, bearer, logged_in, new_person, registered, try_log_in
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


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

    monkeypatch.setattr("app.identity.session_service.verify_password", counting)
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


async def test_lock_grows_with_each_further_failure_and_guesses_during_it_do_not_count(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    waits: list[float] = []
    for _ in range(3):
        set_failures(core_database, person["id"], 9 + len(waits))
        assert (await try_log_in(client, person | {"password": "no"})).status_code == 401
        waits.append(seconds_locked(core_database, person["id"]))
    await try_log_in(client, person | {"password": "no"})

    assert [round(wait / 60) for wait in waits] == [1, 2, 4]
    assert failures(core_database, person["id"]) == 12, "who is locked out is not locked out for longer"


async def test_guesses_side_by_side_are_all_counted(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)

    await asyncio.gather(*(try_log_in(client, person | {"password": f"no {n}"}) for n in range(8)))

    assert failures(core_database, person["id"]) == 8


async def test_sessions_are_listed_with_where_they_came_from_and_ended_one_by_one(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    phone = await client.post(
        "/v1/auth/token",
        json={"email": person["email"], "password": PASSWORD},
        headers={"user-agent": "Phone/1", "x-forwarded-for": "203.0.113.7"},
    )
    desk = await logged_in(client, person)

    listed = (await client.get("/v1/me/sessions", headers=bearer(desk))).json()["data"]
    there = next(each for each in listed if not each["is_current"])
    ended = await client.delete(f"/v1/me/sessions/{there['id']}", headers=bearer(desk))
    refused = await client.post("/v1/auth/refresh", json={"refresh_token": phone.json()["refresh_token"]})
    left = (await client.get("/v1/me/sessions", headers=bearer(desk))).json()["data"]

    assert len(listed) == 2
    assert (there["ip"], there["user_agent"]) == ("203.0.113.7", "Phone/1")
    assert ended.status_code == 204
    assert (refused.status_code, refused.json()["code"]) == (401, "refresh_token_invalid")
    assert [each["is_current"] for each in left] == [True]
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        sealed = connection.execute("select string_agg(sealed, '') from vault.session_origins").fetchone()
    assert sealed is not None
    assert b"203.0.113.7" not in sealed[0]


async def test_all_other_sessions_end_at_once(client: httpx2.AsyncClient) -> None:
    person = await registered(client)
    others = [await logged_in(client, person) for _ in range(2)]
    here = await logged_in(client, person)

    ended = await client.delete("/v1/me/sessions", headers=bearer(here))
    answers = [
        await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        for tokens in (*others, here)
    ]

    assert ended.json() == {"ended": 2}
    assert [answer.status_code for answer in answers] == [401, 401, 200]


async def change_password(
    client: httpx2.AsyncClient, tokens: dict[str, str], current: str, new: str
) -> httpx2.Response:
    body = {"current_password": current, "new_password": new}
    return await client.put("/v1/me/password", json=body, headers=bearer(tokens))


async def test_password_is_changed_with_the_present_one_and_other_sessions_end(
    client: httpx2.AsyncClient,
) -> None:
    person = await registered(client)
    elsewhere, here = await logged_in(client, person), await logged_in(client, person)
    new = "another long and private sentence"

    wrong = await change_password(client, here, "not this one", new)
    right = await change_password(client, here, PASSWORD, new)
    answers = [
        await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        for tokens in (elsewhere, here)
    ]

    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (401, "/current_password")
    assert right.status_code == 204
    assert [answer.status_code for answer in answers] == [401, 200]
    assert (await try_log_in(client, person)).status_code == 401
    assert (await try_log_in(client, person | {"password": new})).status_code == 200


async def test_guessing_the_present_password_locks_as_a_log_in_does(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)
    set_failures(core_database, person["id"], 9)

    await change_password(client, tokens, "not this one", "another long and private sentence")
    locked = await change_password(client, tokens, PASSWORD, "another long and private sentence")

    assert locked.status_code == 401
    assert (await try_log_in(client, person)).status_code == 401


async def test_session_of_another_does_not_exist(client: httpx2.AsyncClient) -> None:
    mine, theirs = [await logged_in(client, await registered(client)) for _ in range(2)]
    (session,) = (await client.get("/v1/me/sessions", headers=bearer(theirs))).json()["data"]

    for session_id in (session["id"], encode("ses", uuid7())):
        answer = await client.delete(f"/v1/me/sessions/{session_id}", headers=bearer(mine))
        assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")
    assert len((await client.get("/v1/me/sessions", headers=bearer(theirs))).json()["data"]) == 1


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

    assert len(rows) == 3
    text = " ".join(row[0] for row in rows)
    assert "UserRegistered" in text
    assert person["email"] not in text
    assert person["family_name"] not in text


def failures(database: TestDatabase, user_id: str) -> int:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        row = connection.execute(
            "select failed_attempts from vault.logins where user_id = %s", [decode("usr", user_id)]
        ).fetchone()
    assert row is not None
    return int(row[0])


def set_failures(database: TestDatabase, user_id: str, count: int) -> None:
    """So many failures in a row, and the lock of the last one over."""
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update vault.logins set failed_attempts = %s, locked_until = null where user_id = %s",
            [count, decode("usr", user_id)],
        )


def seconds_locked(database: TestDatabase, user_id: str) -> float:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        row = connection.execute(
            "select extract(epoch from locked_until - now()) from vault.logins where user_id = %s",
            [decode("usr", user_id)],
        ).fetchone()
    assert row is not None
    return float(row[0])


def end_reasons(database: TestDatabase, user_id: UUID) -> list[str]:
    with psycopg.connect(database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select end_reason from app.sessions where user_id = %s and ended_at is not null", [user_id]
        ).fetchall()
    return [row[0] for row in rows]
