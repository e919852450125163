"""Every route that writes, against bad input of every kind: refused as a program can read, nothing written.

The requests are made from the OpenAPI document, so a new route is tested when it is there."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from psycopg import sql

from app.core import http
from app.core.db import Transaction
from app.core.errors import Unprocessable
from app.core.ids import uuid7
from app.core.security import Role, mint_access_token
from app.main import app
from tests.app.bad_input import WRITING, Bad, Operation, bad_requests, fill
from tests.app.conftest import Owner
from tests.app.test_routes import MAY_CALL

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

DOCUMENT = app.openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
ROUTES = [
    (method, path)
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if method in WRITING
]


@pytest.fixture
def user(owner: Owner) -> str:
    """The access token of a new customer who holds every role there is, and has given a second factor."""
    user_id = uuid7()
    owner.execute(
        "insert into app.users (id, email_hash, created_at) values (%s, 'k1:test', now())", (user_id,)
    )
    return mint_access_token(user_id, uuid7(), list(Role), second_factor_at=datetime.now(UTC))


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part)
async def test_bad_input_is_refused_and_writes_nothing(
    client: httpx2.AsyncClient, owner: Owner, user: str, method: str, path: str
) -> None:
    operation = DOCUMENT["paths"][path][method]
    before = everything_written(owner)

    complaints = [
        f"{bad.what}: {complaint}"
        for bad in bad_requests(operation, SCHEMAS)
        for complaint in complaints_about(
            await send(client, method, path, operation, bad, user), operation, bad
        )
    ]

    assert complaints == []
    assert changed(before, everything_written(owner)) == []


async def send(
    client: httpx2.AsyncClient, method: str, path: str, operation: Operation, bad: Bad, token: str
) -> httpx2.Response:
    headers = {"idempotency-key": uuid7().hex, "if-match": '"v1"'}
    if MAY_CALL[method.upper(), path] is not None:
        headers["authorization"] = f"Bearer {token}"
    if bad.without_header is not None:
        del headers[bad.without_header]
    body = bad.body
    if body is None and "requestBody" in operation:
        body = example_of(operation)
    if body is not None:
        headers["content-type"] = bad.media
    return await client.request(
        method.upper(), fill(path, operation, bad.path), headers=headers, content=body or b"", timeout=30
    )


def example_of(operation: Operation) -> bytes:
    (content,) = operation["requestBody"]["content"].values()
    return httpx2.Request("POST", "http://x", json=content.get("example")).read()


def complaints_about(answer: httpx2.Response, operation: Operation, bad: Bad) -> list[str]:
    """What is wrong with a refusal: its status, its form, its code, or where it points."""
    if not 400 <= answer.status_code < 500:
        return [f"answered {answer.status_code} {answer.text[:200]}"]
    if answer.headers["content-type"] != http.PROBLEM_TYPE:
        return [f"refused as {answer.headers['content-type']}"]
    problem, found = answer.json(), []
    if bad.codes and problem["code"] not in bad.codes:
        found.append(f"refused with {problem['code']}")
    if problem["code"] not in documented_codes(operation, answer.status_code):
        found.append(f"{answer.status_code} {problem['code']} is not in the document")
    pointers = [error["pointer"] for error in problem.get("errors", ())]
    if bad.pointer is not None and not any(pointer.startswith(bad.pointer) for pointer in pointers):
        found.append(f"points at {pointers}")
    return found


def documented_codes(operation: Operation, status: int) -> set[str]:
    answer = operation["responses"].get(str(status), {"content": {http.PROBLEM_TYPE: {"examples": {}}}})
    return set(answer["content"][http.PROBLEM_TYPE]["examples"])


Written = dict[str, tuple[int, int]]


def everything_written(owner: Owner) -> Written:
    """Rows of each table, and the newest transaction that wrote one: no write of any kind goes unseen."""
    tables = owner.execute(
        "select schemaname, tablename from pg_tables where schemaname in ('app', 'vault') order by 1, 2"
    ).fetchall()
    parts = [
        sql.SQL("select {name}, count(*), coalesce(max(xmin::text::bigint), 0) from only {table}").format(
            name=sql.Literal(f"{schema}.{table}"), table=sql.Identifier(str(schema), str(table))
        )
        for schema, table in tables
    ]
    rows = owner.execute(sql.SQL(" union all ").join(parts)).fetchall()
    return {str(name): (int(str(count)), int(str(newest))) for name, count, newest in rows}


def changed(before: Written, after: Written) -> list[str]:
    return [table for table in after if before.get(table) != after[table]]


async def test_route_that_writes_before_it_looks_would_be_found(core_settings: Any, owner: Owner) -> None:
    hasty = FastAPI()
    http.install(hasty)

    @hasty.post("/v1/hasty")
    async def write_first(tx: Transaction) -> None:
        await (await tx.connection()).exec_driver_sql(
            "update app.airlines set name = name || '' where code = 'B6'"
        )
        await tx.commit()
        raise Unprocessable("too late")

    owner.execute("insert into app.airlines (code, name) values ('B6', 'JetBlue') on conflict do nothing")
    before = everything_written(owner)
    transport = httpx2.ASGITransport(hasty)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        answer = await client.post("/v1/hasty")

    assert answer.status_code == 422
    assert changed(before, everything_written(owner)) == ["app.airlines"]


async def test_refusal_in_another_form_would_be_found() -> None:
    operation: Operation = {
        "responses": {"422": {"content": {http.PROBLEM_TYPE: {"examples": {"known": {}}}}}}
    }
    bad = Bad("null", frozenset({"known"}), pointer="/seats")
    problem = {"code": "unheard_of", "errors": [{"pointer": "/other", "detail": ""}]}
    media = {"content-type": http.PROBLEM_TYPE}

    assert complaints_about(httpx2.Response(500, text="oops"), operation, bad) == ["answered 500 oops"]
    assert complaints_about(httpx2.Response(422, json=problem), operation, bad) == [
        "refused as application/json"
    ]
    assert complaints_about(httpx2.Response(422, json=problem, headers=media), operation, bad) == [
        "refused with unheard_of",
        "422 unheard_of is not in the document",
        "points at ['/other']",
    ]
