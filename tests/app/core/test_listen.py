"""Being woken by the database, also after the connection was cut."""

import asyncio

import psycopg
import pytest

from app.core.listen import listen
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

WAIT_LIMIT_SECONDS = 60


async def woken(wake: asyncio.Event) -> None:
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        await wake.wait()
    wake.clear()


async def test_listener_is_woken_and_comes_back(core_settings: object, core_database: TestDatabase) -> None:
    wake = asyncio.Event()
    listener = asyncio.create_task(listen("a_channel", wake))
    with psycopg.connect(core_database.conninfo("app_rw"), autocommit=True) as connection:
        await woken(wake)  # once it listens: something may have come before
        connection.execute("notify a_channel")
        await woken(wake)
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'contrail-listen'"
        )
        await woken(wake)  # once it listens again
        connection.execute("notify another_channel")
        assert not wake.is_set()
        connection.execute("notify a_channel")
        await woken(wake)
    listener.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listener
