"""Another e-mail address: with the password, and by a letter to the new one."""

from typing import Any

import httpx2
import pytest

from app.core.ids import uuid7
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


@pytest.fixture
async def person(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await registered(client)


async def ask(
    client: httpx2.AsyncClient, person: dict[str, Any], email: str, password: str | None = None
) -> httpx2.Response:
    body = {"email": email, "password": password or person["password"]}
    headers = bearer(await logged_in(client, person))
    return await client.post("/v1/me/email", json=body, headers=headers)


async def confirm(client: httpx2.AsyncClient, token: str | None) -> httpx2.Response:
    return await client.post("/v1/auth/email-change/confirm", json={"token": token})


def another() -> str:
    return f"grace.{uuid7().hex}@example.com"


async def test_new_address_is_taken_when_its_letter_is_answered(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    email = another()
    asked = await ask(client, person, email)
    token = await letter_token(core_database, person, "EmailChangeRequested")
    before = await try_log_in(client, person)

    done, twice = await confirm(client, token), await confirm(client, token)

    assert (asked.status_code, before.status_code) == (202, 200), "until then the present one stays"
    assert (done.status_code, twice.status_code) == (204, 400)
    assert (await try_log_in(client, person)).status_code == 401
    tokens = await logged_in(client, person | {"email": email.upper()})
    me = (await client.get("/v1/me", headers=bearer(tokens))).json()
    assert (me["email"], me["email_verified"]) == (email, True)
    assert (await client.post("/v1/users", json=new_person() | {"email": person["email"]})).status_code == 201


async def test_wrong_password_changes_nothing(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    answer = await ask(client, person, another(), password="not this one")

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (401, "/password")
    assert "EmailChangeRequested" not in [kind for kind, _ in events_of(core_database, person)]


async def test_address_that_is_taken_is_answered_alike_and_gets_no_letter(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    other = await registered(client)

    taken, free = await ask(client, person, other["email"]), await ask(client, person, another())

    assert taken.json() == free.json()
    asked = [kind for kind, _ in events_of(core_database, person) if kind == "EmailChangeRequested"]
    assert len(asked) == 1


async def test_address_taken_meanwhile_is_refused(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    email = another()
    await ask(client, person, email)
    token = await letter_token(core_database, person, "EmailChangeRequested")
    await registered(client, email=email)

    answer = await confirm(client, token)

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await try_log_in(client, person)).status_code == 200


async def test_letter_to_one_address_does_not_prove_another(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    first, second = another(), another()
    await ask(client, person, first)
    older = await letter_token(core_database, person, "EmailChangeRequested")
    await ask(client, person, second)

    assert (await confirm(client, older)).status_code == 400
    newer = await letter_token(core_database, person, "EmailChangeRequested")
    assert (await confirm(client, newer)).status_code == 204
    assert (await try_log_in(client, person | {"email": second})).status_code == 200


async def test_addresses_stay_in_the_vault(
    client: httpx2.AsyncClient, person: dict[str, Any], core_database: TestDatabase
) -> None:
    email = another()
    await ask(client, person, email)
    await confirm(client, await letter_token(core_database, person, "EmailChangeRequested"))

    told = str(events_of(core_database, person))

    assert "EmailChanged" in told
    assert email not in told
    assert str(user_key(person)) not in email
