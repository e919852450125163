"""One effect for one key, whatever is repeated, at whatever moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from app.core import events, http, idempotency
from app.core.db import Transaction, transaction
from app.core.errors import Conflict
from app.core.http import Schema
from app.core.idempotency import Idempotency, IdempotentRequest
from app.core.ids import uuid7
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]


class Order(Schema):
    item: str


class Receipt(Schema):
    number: str


@pytest.fixture
async def shop(application: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A route whose effect is one event; `item` may ask it to refuse."""
    app = FastAPI()
    http.install(app)

    @app.post("/orders", status_code=201)
    async def order(body: Order, tx: Transaction, key: IdempotentRequest) -> JSONResponse:
        async def buy() -> Receipt:
            number = uuid7()
            await events.record(tx, "Ordered", "order", number, {"item": body.item})
            if body.item == "refused":
                raise Conflict
            return Receipt(number=str(number))

        return await key.once(tx, 201, buy)

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        yield client


async def order(shop: httpx2.AsyncClient, key: str, item: str = "seat") -> httpx2.Response:
    return await shop.post("/orders", json={"item": item}, headers={"idempotency-key": key})


def orders_of(database: TestDatabase, item: str) -> int:
    with psycopg.connect(database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select 1 from app.domain_events where type = 'Ordered' and payload ->> 'item' = %s", [item]
        ).fetchall()
    return len(rows)


async def test_replayed_key_gives_the_same_answer_and_says_so(
    shop: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    key, item = uuid7().hex, uuid7().hex

    first, second = await order(shop, key, item), await order(shop, key, item)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert orders_of(core_database, item) == 1


async def test_key_with_another_body_is_refused(shop: httpx2.AsyncClient) -> None:
    key = uuid7().hex
    await order(shop, key, "seat")

    answer = await order(shop, key, "two seats")

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_missing_and_overlong_keys_are_refused(shop: httpx2.AsyncClient) -> None:
    missing = await shop.post("/orders", json={"item": "seat"})
    overlong = await order(shop, "k" * 256)

    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency_key_missing")
    assert overlong.status_code == 422


async def test_refusal_is_not_stored_and_leaves_nothing(
    shop: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    key = uuid7().hex

    refused = [await order(shop, key, "refused") for _ in range(2)]

    assert [answer.status_code for answer in refused] == [409, 409]
    assert all("idempotent-replayed" not in answer.headers for answer in refused)
    assert orders_of(core_database, "refused") == 0


async def test_twin_of_a_request_under_way_waits_outside(
    shop: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    item = uuid7().hex
    key = Idempotency("anonymous", "POST /orders", uuid7().hex, b"")
    async with transaction() as session:
        await key.find(session)
        twin = await order(shop, key.key, item)

    assert (twin.status_code, twin.json()["code"]) == (409, "idempotency_key_in_flight")
    assert twin.headers["retry-after"] == "1"
    assert orders_of(core_database, item) == 0


async def test_many_at_once_have_one_effect(shop: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    key, item = uuid7().hex, uuid7().hex

    answers = await asyncio.gather(*(order(shop, key, item) for _ in range(8)))

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert orders_of(core_database, item) == 1


async def test_key_is_free_again_when_its_record_is_over(
    shop: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    key, item = uuid7().hex, uuid7().hex
    first = await order(shop, key, item)
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        connection.execute(
            "update app.idempotency_records set expires_at = now() - %s where key = %s",
            [timedelta(seconds=1), key],
        )

    second = await order(shop, key, item)
    async with transaction() as session:
        swept = await idempotency.sweep(session, 10)

    assert second.status_code == 201
    assert second.json() != first.json()
    assert swept == 0, "the record was taken over, not left to be swept"


async def test_records_that_are_over_are_swept(shop: httpx2.AsyncClient, core_database: TestDatabase) -> None:
    key = uuid7().hex
    await order(shop, key)
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as connection:
        connection.execute("update app.idempotency_records set expires_at = now() where key = %s", [key])
        async with transaction() as session:
            await idempotency.sweep(session, 10)
        left = connection.execute("select 1 from app.idempotency_records where key = %s", [key]).fetchall()

    assert left == []
