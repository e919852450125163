"""What people change about themselves, and the record of what they agreed to."""

import httpx2
import psycopg
import pytest

from tests.app.identity.accounts import bearer, events_of, logged_in, registered, user_key
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


async def change(
    client: httpx2.AsyncClient, headers: dict[str, str], body: dict[str, object], etag: str | None = None
) -> httpx2.Response:
    if etag is None:
        etag = (await client.get("/v1/me", headers=headers)).headers["etag"]
    return await client.patch("/v1/me", json=body, headers=headers | {"if-match": etag})


async def test_only_what_was_given_changes(client: httpx2.AsyncClient) -> None:
    headers = bearer(await logged_in(client, await registered(client, phone="+12125550123")))

    renamed = await change(client, headers, {"family_name": "O'Hara"})
    without_phone = await change(client, headers, {"phone": None})

    assert renamed.status_code == 200
    assert (renamed.json()["given_name"], renamed.json()["family_name"]) == ("Ada", "O'Hara")
    assert renamed.json()["phone"] == "+12125550123"
    assert without_phone.json()["phone"] is None
    assert (await client.get("/v1/me", headers=headers)).json() == without_phone.json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"given_name": ""}, "/given_name"),
        ({"given_name": None}, "/given_name"),
        ({"phone": "12"}, "/phone"),
        ({"email": "new@example.com"}, "/email"),
        ({"roles": ["admin"]}, "/roles"),
    ],
    ids=["empty", "null", "no phone", "an e-mail", "a role"],
)
async def test_what_cannot_be_changed_is_pointed_at(
    client: httpx2.AsyncClient, body: dict[str, object], pointer: str
) -> None:
    headers = bearer(await logged_in(client, await registered(client)))

    answer = await change(client, headers, body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_change_of_what_was_changed_since_is_refused(client: httpx2.AsyncClient) -> None:
    headers = bearer(await logged_in(client, await registered(client)))
    etag = (await client.get("/v1/me", headers=headers)).headers["etag"]

    first = await change(client, headers, {"given_name": "Grace"}, etag)
    second = await change(client, headers, {"given_name": "Ida"}, etag)
    without = await client.patch("/v1/me", json={"given_name": "Ida"}, headers=headers)

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert without.status_code == 428
    assert (await client.get("/v1/me", headers=headers)).json()["given_name"] == "Grace"


async def test_consent_is_kept_with_its_moment_each_time_it_changes(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client, marketing_consent=True)
    headers = bearer(await logged_in(client, person))
    for decision in (False, False, True):
        await change(client, headers, {"marketing_consent": decision})

    history = (await client.get("/v1/me/consents", headers=headers)).json()["data"]

    assert [(each["purpose"], each["is_given"]) for each in history] == [
        ("marketing", True),
        ("marketing", False),
        ("marketing", True),
    ]
    told = [kind for kind, _ in events_of(core_database, person) if kind.startswith("Consent")]
    assert told == ["ConsentGiven", "ConsentWithdrawn", "ConsentGiven"]


async def test_new_name_is_in_the_vault_alone(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    person = await registered(client)
    headers = bearer(await logged_in(client, person))
    await change(client, headers, {"family_name": "Unmistakable"})

    assert ("UserChanged", {"fields": ["family_name"]}) in events_of(core_database, person)
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        (sealed,) = connection.execute(
            "select sealed from vault.people where subject_id = %s", [user_key(person)]
        ).fetchone() or (b"",)
    assert b"Unmistakable" not in sealed
