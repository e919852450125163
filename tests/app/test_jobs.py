"""The timed chores: each at its time, none able to end another, and all of them ended by SIGTERM."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest
from prometheus_client import REGISTRY

from app import jobs
from app.core import vault
from app.core.db import transaction
from app.core.ids import uuid7
from app.jobs import Chore
from tests.app.mail import delivery, mail_server, request
from tests.databases import TestDatabase, free_port

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

AT_ONCE = timedelta(milliseconds=1)
NEVER = timedelta(hours=1)
WAIT_LIMIT_SECONDS = 120


def counted(name: str, chore: str) -> float:
    return REGISTRY.get_sample_value(name, {"chore": chore}) or 0.0


async def test_chore_that_raises_is_counted_and_tried_again_beside_the_others() -> None:
    stop, runs = asyncio.Event(), {"good": 0, "bad": 0}

    async def good() -> int:
        runs["good"] += 1
        if runs["good"] >= 3 and runs["bad"] >= 3:
            stop.set()
        return 1

    async def bad() -> int:
        runs["bad"] += 1
        raise ConnectionError("the database is away")

    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        await jobs.run(stop, [Chore("good", AT_ONCE, good), Chore("bad", AT_ONCE, bad)])

    assert counted("contrail_chore_failures_total", "bad") >= 3
    assert counted("contrail_chore_items_total", "good") >= 3
    assert counted("contrail_chore_failures_total", "good") == 0


async def test_woken_chore_begins_before_its_time() -> None:
    stop, runs = asyncio.Event(), 0

    async def work() -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            chore.wake.set()
        else:
            stop.set()
        return 0

    chore = Chore("woken", NEVER, work)
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        await jobs.run(stop, [chore])

    assert runs == 2


async def test_knocking_does_not_hurry_a_failing_chore() -> None:
    stop, runs = asyncio.Event(), 0

    async def work() -> int:
        nonlocal runs
        runs += 1
        chore.wake.set()
        asyncio.get_running_loop().call_later(0.2, stop.set)
        raise ConnectionError

    chore = Chore("failing", NEVER, work)
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        await jobs.run(stop, [chore])

    assert runs == 1


async def test_what_is_under_way_ends_before_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, ended = asyncio.Event(), False

    async def work() -> int:
        nonlocal ended
        stop.set()
        for _ in range(10):
            await asyncio.sleep(0)
        ended = True
        return 0

    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        await jobs.run(stop, [Chore("slow", NEVER, work)])

    assert ended


async def test_business_chores_wait_while_history_plays(
    application: object, core_database: TestDatabase
) -> None:
    asked = []

    async def batch(session: object, now: object, limit: int) -> int:
        asked.append(now)
        return 0

    work = jobs._in_business_time(batch)
    await work()
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as owner:
        owner.execute("insert into app.test_clock values (1, now(), true)")
        try:
            await work()
        finally:
            owner.execute("delete from app.test_clock")
    await work()

    assert len(asked) == 2


async def test_partitions_are_made_ahead(application: object, core_database: TestDatabase) -> None:
    await jobs._ensure_partitions()

    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        rows = connection.execute(
            "select relname, relreplident from pg_class where relname = "
            "'bookings_' || to_char(now() at time zone 'UTC' + interval '3 months', 'YYYY_MM')"
        ).fetchall()
    assert [row[1] for row in rows] == ["f"], "each partition has the whole row in the log"
    assert await jobs._ensure_partitions() == 0


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "not within the limit"
        time.sleep(0.05)


def is_up(port: int) -> bool:
    try:
        return "contrail_chore_runs_total" in httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    except httpx2.TransportError:
        return False


async def test_program_outlives_its_connections_and_ends_on_sigterm(
    application: object, core_settings: Path, core_database: TestDatabase
) -> None:
    address, subject_id, port = f"{uuid7().hex}@example.com", uuid7(), free_port()
    async with transaction() as session:
        await vault.put_people(session, "contact", {subject_id: {"email": address}})
    with mail_server() as server:
        environment = {
            **os.environ,
            "CONTRAIL_SMTP_PORT": str(server.port),
            "CONTRAIL_METRICS_PORT": str(port),
            "CONTRAIL_SANDBOX_GATEWAY_PORT": str(free_port()),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "app.jobs", env=environment, stdout=subprocess.DEVNULL
        )
        try:
            await asyncio.to_thread(wait_until, lambda: is_up(port))
            with psycopg.connect(core_database.conninfo("app_rw"), autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where application_name in ('contrail-app', 'contrail-listen')"
                )
            due = request(
                core_database, subject_id, address, "hold_expired", {"pnr": "K7QW3Z", "flight_ids": []}
            )
            await asyncio.to_thread(wait_until, lambda: len(server.sent_to(address)) == 1)
            await asyncio.to_thread(wait_until, lambda: delivery(core_database, due)["status"] == "sent")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(WAIT_LIMIT_SECONDS):
                ended = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    assert ended == 0
    assert len(server.sent_to(address)) == 1
