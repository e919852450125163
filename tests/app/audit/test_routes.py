"""The audit log is searched by entity, actor, time and words; denials are in it; the report counts them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from app.audit import actions, chain_service
from app.audit import service as audit
from app.audit.rules import UNKNOWN
from app.audit.schemas import Kind
from app.core.db import transaction
from app.core.ids import encode, uuid7
from app.core.security import Caller, Role, mint_access_token
from tests.app.settings.conditions import until

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

PATH = "/v1/admin/audit"


def headers(*roles: Role, user: Any = None) -> dict[str, str]:
    token = mint_access_token(user or uuid7(), uuid7(), list(roles or (Role.ADMIN,)))
    return {"authorization": f"Bearer {token}"}


async def search(client: httpx2.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(PATH, params=params, headers=headers())
    assert answer.status_code == 200, answer.text
    return list(answer.json()["data"])


async def written(action: str, entity_id: Any, actor: Any = None, **more: Any) -> None:
    async with transaction() as session:
        await audit.record(session, action, "booking", entity_id, actor=actor, **more)


async def test_entries_are_found_by_entity_actor_action_and_kind(client: httpx2.AsyncClient) -> None:
    booking, other, agent = uuid7(), uuid7(), uuid7()
    await written("booking.reopened", booking, Caller(str(agent), frozenset({Role.AGENT})))
    await written("booking.looked_at", booking, kind=Kind.SECURITY)
    await written("booking.reopened", other, agent)

    public = encode("bkg", booking)
    assert [e["action"] for e in await search(client, entity_type="booking", entity_id=public)] == [
        "booking.looked_at",
        "booking.reopened",
    ]
    assert len(await search(client, actor=encode("usr", agent))) == 2
    assert len(await search(client, actor=encode("usr", agent), entity_id=public)) == 1
    assert len(await search(client, entity_id=public, action="booking.reopened")) == 1
    (seen,) = await search(client, entity_id=public, kind="security")
    assert seen["entity_id"] == public
    assert seen["actor"]["kind"] == "system"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("volcano", True),
        ("volcanoes", True),
        ("VOLCANO ash", True),
        ('"ash cloud"', True),
        ('"cloud ash"', False),
        ("volcano -ash", False),
        ("strike or volcano", True),
        ("reopened", True),
        ("12A", True),
        ("strike", False),
    ],
)
async def test_entries_are_found_by_words(client: httpx2.AsyncClient, words: str, found: bool) -> None:
    booking = uuid7()
    await written(
        "booking.reopened", booking, after={"seat": "12A"}, reason="volcano, the ash cloud closed Keflavik"
    )

    entries = await search(client, entity_id=encode("bkg", booking), q=words)

    assert (len(entries) == 1) is found


async def test_entries_are_found_by_time(client: httpx2.AsyncClient) -> None:
    booking = uuid7()
    await written("booking.reopened", booking)
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    public = encode("bkg", booking)

    def of(begins: datetime, ends: datetime) -> dict[str, str]:
        return {"entity_id": public, "from": begins.isoformat(), "to": ends.isoformat()}

    assert len(await search(client, **of(now - hour, now + hour))) == 1
    assert await search(client, **of(now + hour, now + 2 * hour)) == []
    assert await search(client, **of(now - 2 * hour, now - hour)) == []


async def test_pages_lead_through_all_entries_and_back(client: httpx2.AsyncClient) -> None:
    booking = uuid7()
    for _ in range(5):
        await written("booking.reopened", booking)
    asked: dict[str, Any] = {"entity_id": encode("bkg", booking), "limit": 2}

    seen, pages, after = [], [], None
    while True:
        params = asked | ({"after": after} if after else {})
        page = (await client.get(PATH, params=params, headers=headers())).json()
        pages.append([each["id"] for each in page["data"]])
        seen += pages[-1]
        after = page["meta"]["after"]
        if after is None:
            break
    back = await client.get(PATH, params=asked | {"before": page["meta"]["before"]}, headers=headers())

    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)
    assert [each["id"] for each in back.json()["data"]] == pages[1]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"after": "nonsense!"}, "cursor_invalid"),
        ({"after": "bm8tcGxhY2U"}, "cursor_invalid"),
        ({"kind": "gossip"}, "malformed_request"),
        ({"from": "yesterday"}, "malformed_request"),
        ({"from": "2026-01-01T00:00:00"}, "malformed_request"),
        ({"limit": 0}, "malformed_request"),
        ({"action": "Not An Action"}, "malformed_request"),
    ],
)
async def test_bad_question_is_refused(client: httpx2.AsyncClient, params: dict[str, Any], code: str) -> None:
    refused = await client.get(PATH, params=params, headers=headers())

    assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_denial_is_written_though_the_request_left_nothing(client: httpx2.AsyncClient) -> None:
    customer = uuid7()

    refused = await client.get(PATH, headers=headers(Role.CUSTOMER, user=customer))
    await until(lambda: audit.pending() == 0)
    entries = await search(client, actor=encode("usr", customer), action="auth.denied")

    assert refused.status_code == 403
    (entry,) = entries
    assert (entry["kind"], entry["entity_type"], entry["entity_id"]) == ("security", "route", PATH)
    assert entry["after"] == {"method": "GET", "code": "forbidden"}
    assert entry["request_id"] == refused.headers["x-request-id"]
    assert entry["actor"]["roles"] == ["customer"]


async def test_entry_shows_its_seal(client: httpx2.AsyncClient) -> None:
    booking = uuid7()
    await written("booking.reopened", booking)
    (entry,) = await search(client, entity_id=encode("bkg", booking))
    before = await client.get(f"{PATH}/{entry['id']}", headers=headers())
    async with transaction() as session:
        await chain_service.seal(session)
    after = await client.get(f"{PATH}/{entry['id']}", headers=headers())
    absent = await client.get(f"{PATH}/{encode('aud', uuid7())}", headers=headers())

    assert before.json()["sealed"] is None
    assert len(after.json()["sealed"]["digest"]) == 64
    assert (absent.status_code, absent.json()["code"]) == (404, "audit_entry_not_found")


async def test_report_counts_what_was_written(client: httpx2.AsyncClient) -> None:
    begins = datetime.now(UTC)
    user, admin = uuid7(), Caller(str(uuid7()), frozenset({Role.ADMIN}))
    audit.note(actions.LOG_IN_FAILED, "user", None, actor=UNKNOWN)
    audit.note(actions.LOG_IN_FAILED, "user", user, actor=user)
    await until(lambda: audit.pending() == 0)
    async with transaction() as session:
        after = {"roles": ["customer", "agent"]}
        await audit.record(session, actions.ROLES_CHANGED, "user", user, actor=admin, after=after)
        await audit.record(session, actions.ERASED, "user", user, actor=user)
        await chain_service.seal(session)
    period = {"from": begins.isoformat(), "to": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()}

    as_json = await client.get(f"{PATH}/report", params=period, headers=headers())
    by_accept = await client.get(f"{PATH}/report", params=period, headers=headers() | {"accept": "text/csv"})
    by_format = await client.get(f"{PATH}/report", params=period | {"format": "csv"}, headers=headers())

    report = as_json.json()
    assert as_json.status_code == 200, as_json.text
    assert (report["failed_log_ins"], report["erasures"]) == (2, 1)
    assert [e["after"]["roles"] for e in report["role_changes"]] == [["customer", "agent"]]
    assert report["chain"]["ok"]
    assert report["chain"]["links_checked"] >= 2
    for answer in (by_accept, by_format):
        assert answer.headers["content-type"].startswith("text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        figures = {row["name"]: row["figure"] for row in rows if row["section"] == "summary"}
        assert (figures["failed_log_ins"], figures["erasures"]) == ("2", "1")
        assert [row["name"] for row in rows if row["section"] == "role_change"] == ["user.roles_changed"]


async def test_report_names_who_holds_a_role_and_of_customers_only_the_number(
    client: httpx2.AsyncClient,
) -> None:
    person = {"email": f"{uuid7().hex}@example.com", "password": "a long and private sentence"}
    made = await client.post("/v1/users", json=person | {"given_name": "Ada", "family_name": "Ferry"})

    report = await client.get(f"{PATH}/report", headers=headers())

    roles = {each["role"]: each for each in report.json()["roles"]}
    assert roles["customer"]["count"] >= 1
    assert roles["customer"]["users"] == []
    assert made.json()["id"] not in report.text


@pytest.mark.parametrize(
    "period",
    [("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z")],
)
async def test_period_that_is_none_or_too_long_is_refused(
    client: httpx2.AsyncClient, period: tuple[str, str]
) -> None:
    params = {"from": period[0], "to": period[1]}

    refused = await client.get(f"{PATH}/report", params=params, headers=headers())

    assert (refused.status_code, refused.json()["code"]) == (422, "period_invalid")


async def test_formula_in_a_reason_does_not_reach_a_spreadsheet(client: httpx2.AsyncClient) -> None:
    begins = datetime.now(UTC)
    async with transaction() as session:
        await audit.record(session, actions.ROLES_CHANGED, "user", "=cmd()", actor="=boom")

    params = {"from": begins.isoformat(), "format": "csv"}
    answer = await client.get(f"{PATH}/report", params=params, headers=headers())

    (row,) = [r for r in csv.DictReader(io.StringIO(answer.text)) if r["section"] == "role_change"]
    assert (row["actor"], row["entity"]) == ("'=boom", "'=cmd()")
