"""A new password and a verified address, by letters whose token is nowhere but in the letter."""

import asyncio
import time

import httpx2
import psycopg
import pytest

from app.identity.recovery import service as recovery
from tests.app.identity.accounts import (
    bearer,
    events_of,
    letter_token,
    logged_in,
    new_person,
    registered,
    try_log_in,
    user_key,
)
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

OTHER_PASSWORD = "another long and private sentence"


async def ask(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    return await client.post("/v1/auth/password-reset", json={"email": email})


async def choose(client: httpx2.AsyncClient, token: str | None) -> httpx2.Response:
    body = {"token": token, "new_password": OTHER_PASSWORD}
    return await client.post("/v1/auth/password-reset/confirm", json=body)


async def test_password_is_reset_once_and_every_session_ends(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    tokens = await logged_in(client, person)
    await ask(client, person["email"].upper())
    token = await letter_token(core_database, person, "PasswordResetRequested")

    first, second = await choose(client, token), await choose(client, token)
    old_session = await client.post("/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})

    assert first.status_code == 204
    assert (second.status_code, second.json()["code"]) == (400, "mail_token_invalid")
    assert old_session.status_code == 401
    assert (await try_log_in(client, person)).status_code == 401
    me = await logged_in(client, person | {"password": OTHER_PASSWORD})
    shown = (await client.get("/v1/me", headers=bearer(me))).json()
    assert shown["email_verified"], "who answered the letter owns the address"
    assert [kind for kind, _ in events_of(core_database, person)][-1] == "PasswordChanged"


async def test_reset_side_by_side_works_once(client: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    person = await registered(client)
    await ask(client, person["email"])
    token = await letter_token(core_database, person, "PasswordResetRequested")

    answers = await asyncio.gather(*(choose(client, token) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400, 400]


async def test_reset_voids_the_letters_before_it_and_lifts_the_lock(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    await ask(client, person["email"])
    older = await letter_token(core_database, person, "PasswordResetRequested")
    await ask(client, person["email"])
    newer = await letter_token(core_database, person, "PasswordResetRequested")
    for _ in range(10):
        await try_log_in(client, person | {"password": "no"})

    assert (await choose(client, newer)).status_code == 204
    assert (await choose(client, older)).status_code == 400
    assert (await try_log_in(client, person | {"password": OTHER_PASSWORD})).status_code == 200


async def test_unknown_address_is_answered_alike_and_as_late(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    answers, took = [], []
    for email in (person["email"], new_person()["email"]):
        began = time.monotonic()
        answers.append(await ask(client, email))
        took.append(time.monotonic() - began)

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert min(took) >= recovery.ANSWER_AFTER_SECONDS, "the known address must not be told by its work"


@pytest.mark.parametrize("token", ["", "nonsense", "a" * 43])
async def test_token_that_never_was_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    answer = await choose(client, token)

    assert (answer.status_code, answer.json()["code"]) == (400, "mail_token_invalid")


async def test_token_ends_after_its_life(client: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    person = await registered(client)
    await ask(client, person["email"])
    token = await letter_token(core_database, person, "PasswordResetRequested")
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update app.mail_tokens set expires_at = now() where user_id = %s", [user_key(person)]
        )

    assert (await choose(client, token)).status_code == 400
    assert await letter_token(core_database, person, "PasswordResetRequested") is None, (
        "a letter written too late carries nothing"
    )


async def test_mailbox_is_not_flooded(client: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    person = await registered(client)

    answers = [await ask(client, person["email"]) for _ in range(5)]

    asked = [kind for kind, _ in events_of(core_database, person) if kind == "PasswordResetRequested"]
    assert {answer.status_code for answer in answers} == {202}
    assert len(asked) == recovery.LETTERS_AN_HOUR


async def test_no_token_is_in_any_row(client: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    person = await registered(client)
    await ask(client, person["email"])
    token = await letter_token(core_database, person, "PasswordResetRequested")
    assert token is not None

    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select to_jsonb(e)::text from app.domain_events e where entity_id = %(user)s "
            "union all select to_jsonb(t)::text from app.mail_tokens t where user_id = %(user)s",
            {"user": user_key(person)},
        ).fetchall()

    text = " ".join(row[0] for row in rows)
    assert "PasswordResetRequested" in text
    assert token not in text
    assert token.encode().hex() not in text


async def test_address_is_verified_by_the_letter_of_the_new_account(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    headers = bearer(await logged_in(client, person))
    before = (await client.get("/v1/me", headers=headers)).json()["email_verified"]
    token = await letter_token(core_database, person, "EmailVerificationRequested")

    first = await client.post("/v1/auth/email-verification/confirm", json={"token": token})
    second = await client.post("/v1/auth/email-verification/confirm", json={"token": token})
    again = await client.post("/v1/me/email-verification", headers=headers)

    assert not before
    assert (first.status_code, second.status_code) == (204, 400)
    assert (await client.get("/v1/me", headers=headers)).json()["email_verified"]
    assert (again.status_code, again.json()["code"]) == (409, "email_verified")


async def test_reset_token_verifies_no_address_and_the_other_way_round(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    await ask(client, person["email"])
    reset = await letter_token(core_database, person, "PasswordResetRequested")
    verification = await letter_token(core_database, person, "EmailVerificationRequested")

    crossed = await client.post("/v1/auth/email-verification/confirm", json={"token": reset})

    assert crossed.status_code == 400
    assert (await choose(client, verification)).status_code == 400
