"""An answer leaves after its COMMIT: one that fails is an error to the caller, never a 201."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated

import httpx2
import psycopg
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import db, http
from app.core.db import Transaction
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

PROMISE = text("insert into promises.promises (name) values (:name), (:name)")


@pytest.fixture(scope="module", autouse=True)
def _promises(core_database: TestDatabase) -> Iterator[None]:
    """A table whose constraint is only looked at by COMMIT."""
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as connection:
        connection.execute("create schema promises")
        connection.execute("grant usage on schema promises to app_rw")
        connection.execute(
            "create table promises.promises (name text unique deferrable initially deferred);"
            "grant select, insert on promises.promises to app_rw"
        )
        yield
        connection.execute("drop schema promises cascade")


async def _late_transaction() -> AsyncIterator[AsyncSession]:
    async with db.transaction() as session:
        yield session


# What FastAPI does by itself: the code after `yield` runs when the answer is gone.
LateTransaction = Annotated[AsyncSession, Depends(_late_transaction)]


@pytest.fixture
async def caller(application: FastAPI, core_settings: Path) -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    http.install(app)

    @app.post("/promises", status_code=201)
    async def promise(name: str, tx: Transaction) -> dict[str, str]:
        await tx.execute(PROMISE, {"name": name})
        return {"name": name}

    @app.post("/late-promises", status_code=201)
    async def promise_late(name: str, tx: LateTransaction) -> dict[str, str]:
        await tx.execute(PROMISE, {"name": name})
        return {"name": name}

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as client:
        yield client


def kept(database: TestDatabase, name: str) -> int:
    with psycopg.connect(database.conninfo("contrail_owner")) as connection:
        rows = connection.execute("select 1 from promises.promises where name = %s", [name]).fetchall()
    return len(rows)


async def test_failing_commit_answers_an_error(
    caller: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    answer = await caller.post("/promises", params={"name": "kept"})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "promises" not in answer.text, "the database's words stay inside"
    assert kept(core_database, "kept") == 0


async def test_with_the_default_scope_it_would_have_answered_201(
    caller: httpx2.AsyncClient, core_database: TestDatabase
) -> None:
    """The negative control: the same failure behind an answer that promised the opposite."""
    answer = await caller.post("/late-promises", params={"name": "broken"})

    assert answer.status_code == 201
    assert kept(core_database, "broken") == 0


async def test_refusal_rolls_back_what_was_written(application: FastAPI, core_database: TestDatabase) -> None:
    async def refuse_after_writing() -> None:
        async with db.transaction() as session:
            await session.execute(text("insert into promises.promises values ('gone')"))
            raise LookupError

    with pytest.raises(LookupError):
        await refuse_after_writing()

    assert kept(core_database, "gone") == 0


async def test_error_texts_hold_no_parameters(application: FastAPI) -> None:
    statement = text("select cast(:secret as text) from nowhere")

    async with db.transaction() as session:
        with pytest.raises(ProgrammingError, match="nowhere") as caught:
            await session.execute(statement, {"secret": "a private word"})

    assert "a private word" not in str(caught.value)
