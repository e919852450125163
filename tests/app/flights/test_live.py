"""Following a flight's availability: woken by the database, resumed by id, bounded per caller."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from starlette.types import Message

from app.core.ids import encode
from app.flights import live
from tests.app.departures import NOON, Departure, copy_to_live, make_departure
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

Owner = psycopg.Connection[tuple[object, ...]]
WAIT_LIMIT_SECONDS = 60


def sell(owner: Owner, departure: Departure, sold: int, lsn: int) -> None:
    """What the availability flow does with a sale: a newer row, and a notification in the same commit."""
    cabin_id = departure.cabin_ids["economy"]
    with owner.transaction():
        owner.execute("update app.cabin_inventories set sold[1] = %s where id = %s", (sold, cabin_id))
        copy_to_live(owner, cabin_id, NOON)
        owner.execute("update live.availability set lsn = %s where cabin_inventory_id = %s", (lsn, cabin_id))
        owner.execute("select pg_notify('availability', %s)", (str(departure.flight_id),))


def address(departure: Departure) -> str:
    return f"/v1/flights/{encode('flt', departure.flight_id)}/availability/stream"


class Listener:
    """A client of one stream, on the program itself: the frames it gets, and how it hangs up."""

    def __init__(self, frames: "asyncio.Queue[str]", hang_up: asyncio.Event) -> None:
        self.frames, self.hang_up = frames, hang_up

    async def event(self) -> dict[str, Any]:
        """The next event that is no comment: its id and its data."""
        while True:
            async with asyncio.timeout(WAIT_LIMIT_SECONDS):
                frame = await self.frames.get()
            fields = dict(line.split(": ", 1) for line in frame.strip().splitlines() if ": " in line)
            if "data" in fields:
                return {"id": fields["id"], "data": json.loads(fields["data"])}


@asynccontextmanager
async def listening(app: FastAPI, path: str, last_event_id: str | None = None) -> AsyncIterator[Listener]:
    frames: asyncio.Queue[str] = asyncio.Queue()
    hang_up = asyncio.Event()
    headers = [] if last_event_id is None else [(b"last-event-id", last_event_id.encode())]
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "client": ("192.0.2.9", 1), "server": ("contrail.test", 80), "scheme": "http",
        "http_version": "1.1", "asgi": {"version": "3.0", "spec_version": "2.3"}, "root_path": "",
    }  # fmt: skip
    begun = False

    async def receive() -> Message:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await hang_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await frames.put(message.get("body", b"").decode())

    task = asyncio.create_task(app(scope, receive, send))
    try:
        yield Listener(frames, hang_up)
    finally:
        hang_up.set()
        async with asyncio.timeout(WAIT_LIMIT_SECONDS):
            await task


async def test_sale_reaches_the_one_who_follows(application: FastAPI, owner: Owner) -> None:
    departure = make_departure(owner, live_at=NOON)
    async with listening(application, address(departure)) as listener:
        first = await listener.event()
        sell(owner, departure, sold=3, lsn=100)
        second = await listener.event()

    assert first["id"] == "1"
    assert (second["id"], second["data"]["cabins"][0]["classes"][0]["seats_open"]) == ("100", 7)


async def test_client_that_comes_back_hears_only_what_is_new(application: FastAPI, owner: Owner) -> None:
    departure = make_departure(owner, live_at=NOON)
    async with listening(application, address(departure), last_event_id="1") as listener:
        sell(owner, departure, sold=4, lsn=200)
        assert (await listener.event())["id"] == "200"
    async with listening(application, address(departure), last_event_id="1") as listener:
        assert (await listener.event())["id"] == "200", "what came while it was away"


async def test_lost_listener_misses_nothing_that_lasts(
    application: FastAPI, owner: Owner, core_database: TestDatabase
) -> None:
    departure = make_departure(owner, live_at=NOON)
    async with listening(application, address(departure)) as listener:
        await listener.event()
        with psycopg.connect(core_database.conninfo("app_rw"), autocommit=True) as same_role:
            same_role.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'contrail-listen'"
            )
        sell(owner, departure, sold=5, lsn=300)
        assert (await listener.event())["id"] == "300"


async def test_quiet_flight_gets_a_heartbeat(
    application: FastAPI, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT", timedelta(milliseconds=50))
    departure = make_departure(owner, live_at=NOON)

    async with listening(application, address(departure)) as listener:
        await listener.event()
        async with asyncio.timeout(WAIT_LIMIT_SECONDS):
            assert await listener.frames.get() == ": still here\n\n"


async def test_place_is_given_back_and_no_more_than_allowed_are_taken(
    application: FastAPI, client: httpx2.AsyncClient, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    departure = make_departure(owner, live_at=NOON)
    monkeypatch.setattr(live, "MAX_STREAMS_PER_CALLER", 1)
    async with listening(application, address(departure)) as listener:
        await listener.event()
        async with listening(application, address(departure)) as refused:
            async with asyncio.timeout(WAIT_LIMIT_SECONDS):
                assert json.loads(await refused.frames.get())["code"] == "too_many_streams"
    async with listening(application, address(departure)) as again:
        assert (await again.event())["id"] == "1"
    monkeypatch.setattr(live, "MAX_STREAMS", 0)
    exhausted = await client.get(address(departure))
    assert (exhausted.status_code, exhausted.json()["code"]) == (503, "streams_exhausted")


async def test_nobody_follows_a_flight_that_is_not_there(client: httpx2.AsyncClient) -> None:
    unknown = encode("flt", UUID(int=7))

    answer = await client.get(f"/v1/flights/{unknown}/availability/stream")
    malformed = await client.get(
        f"/v1/flights/{unknown}/availability/stream", headers={"last-event-id": "yesterday"}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "flight_not_found")
    assert malformed.status_code == 422
