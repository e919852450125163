"""What is asked with an API key can be read by its owner, and holds nothing of what was asked about."""

from typing import Any

import httpx2
import psycopg
import pytest

from app.core.db import transaction
from app.identity.keys.requests import service
from tests.app.identity.accounts import bearer, logged_in, registered
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


@pytest.fixture
async def headers(client: httpx2.AsyncClient) -> dict[str, str]:
    return bearer(await logged_in(client, await registered(client)))


async def key_of(client: httpx2.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    body = {"name": "booking engine", "scopes": ["bookings:read"]}
    answer = await client.post("/v1/me/api-keys", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def requests_of(
    client: httpx2.AsyncClient, headers: dict[str, str], key: dict[str, Any], query: str = ""
) -> httpx2.Response:
    await service.write_noted()
    return await client.get(f"/v1/me/api-keys/{key['id']}/requests{query}", headers=headers)


async def test_each_request_is_noted_by_route_and_answer(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    key = await key_of(client, headers)
    by_key = {"authorization": f"Bearer {key['key']}", "x-request-id": "asked-by-a-partner"}
    await client.get("/v1/bookings?limit=7", headers=by_key)
    await client.get("/v1/me", headers=by_key)
    await client.get("/v1/bookings", headers=headers)

    noted = (await requests_of(client, headers, key)).json()["data"]

    assert [(each["method"], each["route"], each["status"]) for each in noted] == [
        ("GET", "/v1/me", 403),
        ("GET", "/v1/bookings", 200),
    ]
    assert {each["request_id"] for each in noted} == {"asked-by-a-partner"}


async def test_pages_lead_through_the_log_and_back(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    key = await key_of(client, headers)
    for _ in range(3):
        await client.get("/v1/bookings", headers={"authorization": f"Bearer {key['key']}"})

    first = await requests_of(client, headers, key, "?limit=2")
    second = await client.get(first.links["next"]["url"], headers=headers)
    back = await client.get(second.links["prev"]["url"], headers=headers)

    assert (len(first.json()["data"]), len(second.json()["data"])) == (2, 1)
    assert back.json()["data"] == first.json()["data"]


async def test_log_of_anothers_key_does_not_exist(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    key = await key_of(client, headers)
    other = bearer(await logged_in(client, await registered(client)))

    assert (await requests_of(client, other, key)).status_code == 404


async def test_flood_is_served_and_what_is_not_noted_is_counted(
    client: httpx2.AsyncClient, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await key_of(client, headers)
    await service.write_noted()
    monkeypatch.setattr(service, "MAX_WAITING", 0)
    before = service.LOST._value.get()

    answer = await client.get("/v1/bookings", headers={"authorization": f"Bearer {key['key']}"})

    assert answer.status_code == 200
    assert service.LOST._value.get() == before + 1
    assert (await requests_of(client, headers, key)).json()["data"] == []


async def test_old_requests_are_forgotten(
    client: httpx2.AsyncClient, headers: dict[str, str], core_database: TestDatabase
) -> None:
    key = await key_of(client, headers)
    await client.get("/v1/bookings", headers={"authorization": f"Bearer {key['key']}"})
    await service.write_noted()
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute("update app.api_requests set asked_at = now() - interval '31 days'")
    async with transaction() as session:
        assert await service.sweep(session, 1000) >= 1

    assert (await requests_of(client, headers, key)).json()["data"] == []
