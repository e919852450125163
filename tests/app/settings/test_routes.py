"""Administrators say what holds; editors do not overwrite each other; every change is in the audit log."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.core.ids import encode, uuid7
from app.core.security import Role, mint_access_token
from tests.app.settings.conditions import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

ADMIN_ID = uuid7()
KEY = PATIENCE.key
PATH = f"/v1/admin/settings/{KEY}"
WHY = {"reason": "tried by a test"}


def headers(etag: str | None = None, role: Role = Role.ADMIN) -> dict[str, str]:
    token = mint_access_token(ADMIN_ID, uuid7(), [role])
    return {"authorization": f"Bearer {token}"} | ({"if-match": etag} if etag else {})


async def read(client: httpx2.AsyncClient, path: str = PATH) -> tuple[dict[str, Any], str]:
    answer = await client.get(path, headers=headers())
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


async def put(client: httpx2.AsyncClient, body: dict[str, Any], path: str = PATH) -> httpx2.Response:
    """Change what is there now."""
    _, etag = await read(client, path)
    return await client.put(path, json=WHY | body, headers=headers(etag))


async def test_change_holds_at_once_and_is_in_the_audit_log(client: httpx2.AsyncClient) -> None:
    before, etag = await read(client)

    changed = await client.put(PATH, json=WHY | {"value": "PT45M"}, headers=headers(etag))
    after, new_etag = await read(client)
    log = await client.get(
        "/v1/admin/audit",
        params={"entity_type": "setting", "entity_id": KEY, "actor": encode("usr", ADMIN_ID), "limit": 1},
        headers=headers(),
    )

    assert changed.status_code == 200
    assert (after["value"], after["default"], after["said_for"]) == ("PT45M", "PT30M", "all")
    assert after["version"] == before["version"] + 1
    assert changed.headers["etag"] == new_etag != etag
    (entry,) = log.json()["data"]
    assert (entry["action"], entry["reason"]) == ("setting.changed", "tried by a test")
    assert entry["before"] == {"value": before["value"] if before["said_for"] else None}
    assert entry["after"]["value"] == "PT45M"
    assert entry["actor"]["user_id"] == encode("usr", ADMIN_ID)


async def test_planned_change_is_listed_and_undone_by_another_of_its_time(client: httpx2.AsyncClient) -> None:
    later = (datetime.now(UTC) + timedelta(days=7)).isoformat()

    await put(client, {"value": "PT20M"})
    await put(client, {"value": "PT2H", "effective_from": later})
    planned, _ = await read(client)
    listed = await client.get("/v1/admin/settings", params={"as_of": later}, headers=headers())
    await put(client, {"value": "PT20M", "effective_from": later})
    undone, _ = await read(client)

    assert planned["value"] == "PT20M"
    assert [each["value"] for each in planned["planned"]] == ["PT2H"]
    (then,) = [each for each in listed.json()["data"] if each["key"] == KEY]
    assert then["value"] == "PT2H"
    assert [each["value"] for each in undone["planned"]] == ["PT20M"]


async def test_null_returns_to_the_default(client: httpx2.AsyncClient) -> None:
    await put(client, {"value": "PT20M"})
    await put(client, {"value": None})

    shown, _ = await read(client)

    assert (shown["value"], shown["said_for"]) == ("PT30M", None)


async def test_own_environment_counts_before_all(client: httpx2.AsyncClient) -> None:
    await put(client, {"value": "PT20M"})
    await put(client, {"value": "PT50M", "environment": "sandbox"})
    await put(client, {"value": "PT55M", "environment": "production"})
    own, _ = await read(client)
    await put(client, {"value": None, "environment": "sandbox"})
    of_all, _ = await read(client)

    assert (own["value"], own["said_for"]) == ("PT50M", "sandbox")
    assert (of_all["value"], of_all["said_for"]) == ("PT20M", "all")


async def test_second_of_two_editors_is_told(client: httpx2.AsyncClient) -> None:
    _, etag = await read(client)

    first = await client.put(PATH, json=WHY | {"value": "PT21M"}, headers=headers(etag))
    second = await client.put(PATH, json=WHY | {"value": "PT22M"}, headers=headers(etag))
    without = await client.put(PATH, json=WHY | {"value": "PT22M"}, headers=headers())

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert (without.status_code, without.json()["code"]) == (428, "precondition_required")


async def test_of_many_editors_at_once_one_wins(client: httpx2.AsyncClient) -> None:
    before, etag = await read(client)

    answers = await asyncio.gather(
        *(client.put(PATH, json=WHY | {"value": f"PT{n}M"}, headers=headers(etag)) for n in range(10, 30))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    after, _ = await read(client)
    assert after["version"] == before["version"] + 1


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"value": "PT1S"}, 422, "setting_value_invalid", "/value"),
        ({"value": 5}, 422, "setting_value_invalid", "/value"),
        ({"value": {"a": 1}}, 422, "setting_value_invalid", "/value"),
        ({"value": "PT20M", "effective_from": "2020-01-01T00:00:00Z"}, 422, "effective_in_the_past", None),
        ({"value": "PT20M", "effective_from": "2030-01-01T00:00:00"}, 422, "malformed_request", None),
        ({"value": "PT20M", "reason": ""}, 422, "malformed_request", "/reason"),
        ({"value": "PT20M", "environment": "moon"}, 422, "malformed_request", "/environment"),
        ({"value": "PT20M", "surprise": 1}, 422, "malformed_request", "/surprise"),
        ({}, 422, "malformed_request", "/value"),
    ],
)
async def test_bad_change_is_pointed_at_and_changes_nothing(
    client: httpx2.AsyncClient, body: dict[str, Any], status: int, code: str, pointer: str | None
) -> None:
    before, _ = await read(client)

    refused = await put(client, body)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    if pointer is not None:
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert (await read(client))[0]["version"] == before["version"]


async def test_unknown_setting_is_not_found(client: httpx2.AsyncClient) -> None:
    for answer in (
        await client.get("/v1/admin/settings/no.such", headers=headers()),
        await client.put("/v1/admin/settings/no.such", json=WHY | {"value": 1}, headers=headers("*")),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "setting_not_found")


async def test_flag_is_made_turned_asked_and_removed(client: httpx2.AsyncClient) -> None:
    key = f"tried.flag_{uuid7().hex}"
    friend, stranger = uuid7(), uuid7()
    state = {"serve": "off", "rules": [{"users": [encode("usr", friend)], "serve": "on"}]}

    made = await client.post("/v1/admin/flags", json=WHY | {"key": key, "state": state}, headers=headers())
    twice = await client.post("/v1/admin/flags", json=WHY | {"key": key, "state": state}, headers=headers())
    answers = [
        await client.post(
            f"/v1/admin/flags/{key}/ask", json={"user_id": encode("usr", who)}, headers=headers()
        )
        for who in (friend, stranger)
    ]
    removed = await put(client, {"state": None}, f"/v1/admin/flags/{key}")
    listed = await client.get("/v1/admin/flags", headers=headers())
    shown, _ = await read(client, f"/v1/admin/flags/{key}")

    assert made.status_code == 201, made.text
    assert (twice.status_code, twice.json()["code"]) == (409, "flag_exists")
    assert [(a.json()["value"], a.json()["reason"]) for a in answers] == [
        (True, "TARGETING_MATCH"),
        (False, "STATIC"),
    ]
    assert removed.status_code == 200
    assert key not in [flag["key"] for flag in listed.json()["data"]]
    assert [each["version"] for each in shown["history"]] == [1, 2]


async def test_flags_of_the_code_are_listed_with_their_defaults(client: httpx2.AsyncClient) -> None:
    listed = await client.get("/v1/admin/flags", headers=headers(role=Role.OPERATIONS))

    flags = {flag["key"]: flag for flag in listed.json()["data"]}
    assert flags["bookings.pay_later"]["default"] is True
    assert flags["bookings.pay_later"]["state"] is None or flags["bookings.pay_later"]["version"] > 0


async def test_flag_with_a_rule_for_an_unknown_variant_is_refused(client: httpx2.AsyncClient) -> None:
    body = WHY | {"key": "tried.wrong", "state": {"rules": [{"serve": "purple"}]}}

    refused = await client.post("/v1/admin/flags", json=body, headers=headers())

    assert (refused.status_code, refused.json()["code"]) == (422, "malformed_request")
