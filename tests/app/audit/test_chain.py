"""The chain is kept beside the writers, and notices what was changed, removed or put in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, NullPool, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from app.audit import chain_service
from app.audit import service as audit
from app.core.db import transaction
from app.core.ids import uuid7
from deploy.local.postgres import superuser_dsn
from tests.databases import HOST, TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]


async def sealed(count: int = 3) -> list[str]:
    """Write and seal so many entries; their ids in the order of the chain."""
    async with transaction() as session:
        ids = [
            await audit.record(session, "booking.reopened", "booking", uuid7(), actor="test", reason="calm")
            for _ in range(count)
        ]
    async with transaction() as session:
        await chain_service.seal(session)
    return [str(each) for each in ids]


@asynccontextmanager
async def as_superuser(database: TestDatabase) -> AsyncIterator[AsyncSession]:
    """What somebody could do who has taken the whole database, triggers off."""
    dsn = conninfo_to_dict(superuser_dsn(database.home, "core", HOST, database.port))
    url = URL.create(
        "postgresql+psycopg",
        username=str(dsn["user"]),
        password=str(dsn["password"]),
        host=str(dsn["host"]),
        port=int(str(dsn["port"])),
        database=database.name,
    )
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with AsyncSession(engine) as session:
            await session.execute(text("set local session_replication_role = replica"))
            yield session
            await session.rollback()
    finally:
        await engine.dispose()


async def problem(session: AsyncSession) -> str | None:
    return (await chain_service.verify(session)).problem


async def test_chain_of_untouched_entries_is_sound() -> None:
    await sealed()

    async with transaction() as session:
        report = await chain_service.verify(session)

    assert report.ok
    assert report.problem is None
    assert report.links_checked == report.head_position >= 3
    assert report.anchors_checked >= 1


async def test_sealing_twice_adds_nothing() -> None:
    await sealed()

    async with transaction() as session:
        assert await chain_service.seal(session) == 0


async def test_entry_that_commits_late_is_sealed_after_younger_ones() -> None:
    opened, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with transaction() as session:
            await audit.record(session, "booking.reopened", "booking", uuid7(), actor="slow")
            opened.set()
            await go_on.wait()

    task = asyncio.create_task(slow())
    await opened.wait()
    await sealed(2)
    go_on.set()
    await task
    async with transaction() as session:
        late = await chain_service.seal(session)
    async with transaction() as session:
        report = await chain_service.verify(session)

    assert late == 1
    assert report.ok
    assert report.unsealed == 0


async def test_two_sealers_at_once_make_one_chain() -> None:
    async with transaction() as session:
        for _ in range(20):
            await audit.record(session, "booking.reopened", "booking", uuid7(), actor="test")

    async def seal() -> int:
        async with transaction() as session:
            return await chain_service.seal(session, 10)

    for _ in range(3):
        await asyncio.gather(*(seal() for _ in range(4)))
    async with transaction() as session:
        assert (await chain_service.verify(session)).ok
        assert (await chain_service.verify(session)).unsealed == 0


TAMPERED = [
    ("update app.audit_entries set reason = 'storm' where id = cast(:id as uuid)", "not what was sealed"),
    ("update app.audit_entries set actor_name = 'else' where id = cast(:id as uuid)", "not what was sealed"),
    ("delete from app.audit_entries where id = cast(:id as uuid)", "entry of link"),
    ("delete from app.audit_chain where entry_id = cast(:id as uuid)", "missing"),
    (
        "update app.audit_chain set entry_id = gen_random_uuid() where entry_id = cast(:id as uuid)",
        "entry of link",
    ),
]


@pytest.mark.parametrize(("statement", "said"), TAMPERED)
async def test_tampering_is_noticed(core_database: TestDatabase, statement: str, said: str) -> None:
    """By one with all rights, whom no trigger stops. Undone at the end, so that the chain stays sound."""
    _, middle, _ = await sealed()

    async with as_superuser(core_database) as session:
        await session.execute(text(statement), {"id": middle})
        found = await problem(session)

    assert found is not None
    assert said in found
    async with transaction() as session:
        assert await problem(session) is None


async def test_whole_chain_made_anew_is_contradicted_by_the_heads_that_were_told(
    core_database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forger tells the stream nothing: its events have long left for the lake."""
    _, middle, _ = await sealed()

    async def untold(*_: object) -> None:
        return None

    async with as_superuser(core_database) as session:
        await session.execute(
            text("update app.audit_entries set reason = 'storm' where id = cast(:id as uuid)"),
            {"id": middle},
        )
        await session.execute(text("delete from app.audit_chain"))
        monkeypatch.setattr("app.core.events.record", untold)
        while await chain_service.seal(session):
            pass
        found = await problem(session)

    assert found is not None
    assert "head was told" in found
