"""The edge: bad input, request ids, sizes, and the sandbox's headers."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest

from app.core.config import Environment, get_settings
from app.core.ids import decode, uuid7
from app.core.security import Role, mint_service_token
from app.core.wire import BODY_LIMIT_BYTES
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

JSON = {"content-type": "application/json"}


def new_person(**changes: Any) -> dict[str, Any]:
    person = {
        "email": f"{uuid7().hex}@example.com",
        "password": "a long and private sentence",
        "given_name": "Ada",
        "family_name": "Ferry",
    }
    return person | changes


def simulator_headers(**more: str) -> dict[str, str]:
    return {"contrail-simulator": mint_service_token("simulator", [Role.SIMULATOR]), **more}


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"/problems/{body['code']}"
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["code"]


@pytest.mark.parametrize(
    "body",
    [b'{"email": ', b"", b"\xff\xfe", b'{"a": ' + b"9" * 5000 + b"}"],
    ids=["cut short", "empty", "not utf-8", "a number too long"],
)
async def test_malformed_json_is_a_problem(client: httpx2.AsyncClient, body: bytes) -> None:
    answer = await client.post("/v1/users", content=body, headers=JSON)

    assert refusal(answer) in {(400, "malformed_json"), (422, "malformed_request")}


async def test_unknown_field_is_pointed_at(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/users", json=new_person(is_admin=True))

    assert refusal(answer) == (422, "malformed_request")
    assert answer.json()["errors"] == [{"pointer": "/is_admin", "detail": "Extra inputs are not permitted"}]


async def test_every_wrong_type_is_pointed_at(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/users", json=new_person(given_name=7, marketing_consent="perhaps"))

    assert refusal(answer) == (422, "malformed_request")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/given_name", "/marketing_consent"}


async def test_wrong_query_parameter_names_its_place(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/v1/airports", params={"limit": "many"})

    assert refusal(answer) == (422, "malformed_request")
    assert answer.json()["errors"][0]["pointer"] == "/(query)/limit"


@pytest.mark.parametrize("name", ["A\x00da", "\ud83d"], ids=["NUL", "half a surrogate pair"])
async def test_text_that_cannot_be_stored_is_refused(client: httpx2.AsyncClient, name: str) -> None:
    body = json.dumps(new_person(given_name=name)).encode()
    assert b"\\u" in body

    answer = await client.post("/v1/users", content=body, headers=JSON)

    assert refusal(answer) == (422, "text_unstorable")
    assert answer.json()["errors"][0]["pointer"] == "/given_name"


async def test_escaped_text_that_can_be_stored_is_taken(client: httpx2.AsyncClient) -> None:
    body = json.dumps(new_person(given_name="Zo\u00eb \U0001f6eb")).encode()

    answer = await client.post("/v1/users", content=body, headers=JSON)

    assert answer.status_code == 201
    assert answer.json()["given_name"] == "Zo\u00eb \U0001f6eb"


async def test_nul_in_an_address_is_refused(client: httpx2.AsyncClient) -> None:
    assert refusal(await client.get("/v1/airports?query=%00")) == (400, "bad_request")


async def test_unknown_address_and_method_are_problems(client: httpx2.AsyncClient) -> None:
    assert refusal(await client.get("/v1/nothing")) == (404, "not_found")
    wrong_method = await client.put("/v1/users", json={})
    assert refusal(wrong_method) == (405, "method_not_allowed")
    assert wrong_method.headers["allow"] == "POST"


async def test_request_id_comes_back_and_goes_down_to_the_row(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    request_id = f"from-the-gateway-{uuid7().hex}"

    answer = await client.post("/v1/users", json=new_person(), headers={"x-request-id": request_id})

    assert answer.headers["x-request-id"] == request_id
    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select request_id from app.domain_events where entity_id = %s",
            [decode("usr", answer.json()["id"])],
        ).fetchall()
    assert set(rows) == {(request_id,)}


@pytest.mark.parametrize("request_id", ["", "no spaces please", "x" * 101, "semi;colon"])
async def test_unfit_request_id_is_replaced(client: httpx2.AsyncClient, request_id: str) -> None:
    answer = await client.get("/healthz", headers={"x-request-id": request_id})

    assert answer.headers["x-request-id"].startswith("req_")


async def test_too_large_a_body_is_refused_announced_or_not(client: httpx2.AsyncClient) -> None:
    async def chunks() -> Any:
        for _ in range(BODY_LIMIT_BYTES // 1024 + 1):
            yield b" " * 1024

    announced = await client.post("/v1/users", content=b" " * (BODY_LIMIT_BYTES + 1), headers=JSON)
    streamed = await client.post("/v1/users", content=chunks(), headers=JSON)
    allowed = await client.post("/v1/users", content=b" " * BODY_LIMIT_BYTES, headers=JSON)

    assert refusal(announced) == refusal(streamed) == (413, "body_too_large")
    assert allowed.status_code != 413


@pytest.mark.parametrize("media", ["text/xml", "application/x-www-form-urlencoded", "", "text/plain"])
async def test_body_of_another_kind_is_refused(client: httpx2.AsyncClient, media: str) -> None:
    headers = {"content-type": media} if media else {}
    answer = await client.post("/v1/auth/token", content=b'{"email": "a@example.com"}', headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_json_with_a_charset_or_of_a_kind_of_json_is_read(client: httpx2.AsyncClient) -> None:
    for media in ("application/json; charset=utf-8", "application/vnd.api+json"):
        answer = await client.post("/v1/auth/token", content=b"{}", headers={"content-type": media})
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed_request")


async def test_body_that_nests_too_deeply_is_refused_and_brackets_in_text_do_not_count(
    client: httpx2.AsyncClient,
) -> None:
    headers = {"content-type": "application/json"}
    deep = b"[" * 5000 + b"]" * 5000
    text = b'{"email": "' + b"[" * 100 + b'\\"{"}'

    refused = await client.post("/v1/auth/token", content=deep, headers=headers)
    read = await client.post("/v1/auth/token", content=text, headers=headers)

    assert (refused.status_code, refused.json()["code"]) == (422, "body_too_deep")
    assert read.json()["code"] == "malformed_request"


async def test_every_answer_carries_the_security_headers(client: httpx2.AsyncClient) -> None:
    for answer in (await client.get("/healthz"), await client.get("/v1/nothing"), await client.get("/v1/me")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-frame-options"] == "DENY"


async def test_simulator_acts_at_its_own_time_and_is_marked(
    client: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    past = datetime.now(UTC).replace(microsecond=0) - timedelta(days=14)

    answer = await client.post(
        "/v1/users",
        json=new_person(),
        headers=simulator_headers(**{"contrail-now": past.isoformat(), "x-forwarded-for": "198.18.9.9"}),
    )

    assert answer.status_code == 201
    assert datetime.fromisoformat(answer.json()["created_at"]) == past
    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        row = connection.execute(
            "select simulated, occurred_at, recorded_at > now() - interval '1 hour', payload ->> 'entities' "
            "from app.domain_events where entity_id = %s",
            [decode("usr", answer.json()["id"])],
        ).fetchone()
    assert row is not None
    assert row[:3] == (True, past, True)
    assert "198.18.9.9" not in row[3]
    assert "ip24" in row[3]


async def test_test_clock_needs_the_simulators_token(client: httpx2.AsyncClient) -> None:
    now = {"contrail-now": datetime.now(UTC).isoformat()}
    other = {"contrail-simulator": mint_service_token("somebody", [Role.ADMIN])}

    alone = await client.get("/healthz", headers=now)
    with_other = await client.get("/healthz", headers=now | other)
    with_nonsense = await client.get("/healthz", headers=now | {"contrail-simulator": "nonsense"})

    assert refusal(alone) == refusal(with_other) == (403, "forbidden")
    assert refusal(with_nonsense) == (401, "unauthorized")


@pytest.mark.parametrize("moment", ["yesterday", "2026-03-01T12:00:00"])
async def test_test_clock_needs_a_moment_with_its_offset(client: httpx2.AsyncClient, moment: str) -> None:
    answer = await client.get("/healthz", headers=simulator_headers(**{"contrail-now": moment}))

    assert refusal(answer) == (400, "bad_request")


async def test_production_refuses_the_simulator(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "environment", Environment.PRODUCTION)

    answer = await client.get("/healthz", headers=simulator_headers())
    docs = await client.get("/docs")

    assert refusal(answer) == (403, "forbidden")
    assert refusal(docs) == (404, "not_found")


async def test_only_the_simulator_names_its_own_address(client: httpx2.AsyncClient) -> None:
    from app.core.http import _client_ip

    chain = {"x-forwarded-for": "203.0.113.5, 198.51.100.7"}
    scope: dict[str, Any] = {"client": ("127.0.0.1", 1)}

    assert _client_ip(chain, scope, simulator=False) == "198.51.100.7"
    assert _client_ip(chain, scope, simulator=True) == "203.0.113.5"
    assert _client_ip({}, scope, simulator=False) == "127.0.0.1"
    assert _client_ip({"x-forwarded-for": "::ffff:203.0.113.5"}, scope, simulator=False) == "203.0.113.5"


async def test_malformed_forwarded_address_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/healthz", headers={"x-forwarded-for": "here"})

    assert refusal(answer) == (400, "bad_request")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
async def test_token_that_is_not_ours_is_refused(client: httpx2.AsyncClient, token: str) -> None:
    answer = await client.get("/v1/me", headers={"authorization": f"Bearer {token}"})

    assert refusal(answer) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_metrics_count_by_route_and_never_by_address(client: httpx2.AsyncClient) -> None:
    await client.get("/problems/sold_out_of_nothing")
    await client.get("/v1/an-address-nobody-serves")

    metrics = (await client.get("/metrics")).text

    assert 'route="/problems/{code}"' in metrics
    assert 'route="unmatched"' in metrics
    assert "sold_out_of_nothing" not in metrics
    assert "nobody-serves" not in metrics


async def test_method_an_address_does_not_know_is_told_all_that_it_knows(client: httpx2.AsyncClient) -> None:
    """Only those of the first route at the address were told."""
    answer = await client.request("PATCH", "/v1/bookings")

    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
