"""Searches and looks are written beside the searches, in batches, with who looked as far as they say."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx2
import psycopg
import pytest

from app.core.hashes import keyed_hash
from app.core.ids import decode, uuid7
from app.flights.schemas import Cabin
from app.offers.search_events import service
from app.offers.search_events.schemas import SearchEvent, SearchEventKind
from app.offers.search_events.service import LOST, MAX_EVENTS_PER_BATCH, EventBatch
from tests.app.conftest import Owner
from tests.app.departures import make_departure
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

DAY = datetime(2035, 3, 6, 17, 0, tzinfo=UTC)


def event(**changes: Any) -> SearchEvent:
    usual: dict[str, Any] = {
        "id": uuid7(),
        "kind": SearchEventKind.SEARCH,
        "offer_request_id": uuid7(),
        "source": "test",
        "origin": "JFK",
        "destination": "LAX",
        "departure_date": date(2035, 3, 6),
        "slices": 1,
        "cabin": Cabin.ECONOMY,
        "adults": 1,
        "children": 0,
        "infants": 0,
        "occurred_at": DAY,
        "request_id": "req_test",
        "simulated": True,
    }
    return SearchEvent(**usual | changes)


def written(owner: Owner, events: list[SearchEvent]) -> int:
    return written_by(owner, events)


def written_by(connection: "psycopg.Connection[Any]", events: list[SearchEvent]) -> int:
    row = connection.execute(
        "select count(*)::int from app.search_events where id = any(%s)", ([each.id for each in events],)
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


async def test_a_crowd_of_events_shares_its_commits(owner: Owner) -> None:
    batch = EventBatch()
    events = [event() for _ in range(MAX_EVENTS_PER_BATCH)]

    for each in events:
        batch.note(each)
    await batch.stop()

    transactions = owner.execute(
        "select count(distinct xmin::text)::int from app.search_events where id = any(%s)",
        ([each.id for each in events],),
    ).fetchone()
    assert transactions == (1,)


async def test_stopping_writes_what_is_waiting(owner: Owner) -> None:
    running = EventBatch(gather_seconds=60)
    events = [event(), event()]
    for each in events:
        running.note(each)

    await running.stop()

    assert written(owner, events) == 2


async def test_past_its_bound_an_event_is_lost_and_counted(owner: Owner) -> None:
    running = EventBatch(gather_seconds=60, max_waiting=1)
    before = LOST._value.get()

    kept, lost = event(), event()
    running.note(kept)
    running.note(lost)
    await running.stop()

    assert LOST._value.get() == before + 1
    assert (written(owner, [kept]), written(owner, [lost])) == (1, 0)


async def test_an_event_the_database_refuses_takes_no_other_with_it(owner: Owner) -> None:
    """A search of no slices breaks a check of the table."""
    batch = EventBatch()
    good, bad = event(), event(slices=0)

    batch.note(bad)
    batch.note(good)
    await batch.stop()

    assert (written(owner, [good]), written(owner, [bad])) == (1, 0)


async def test_what_waited_for_the_database_is_written_once_it_is_back(
    owner: Owner, core_database: TestDatabase
) -> None:
    """A lock on the table makes the first try wait."""
    batch = EventBatch(gather_seconds=0)
    events = [event()]
    with psycopg.connect(core_database.conninfo("contrail_owner")) as blocker:
        blocker.execute("lock table app.search_events in access exclusive mode")
        batch.note(events[0])
        await asyncio.to_thread(_wait_for_a_waiter, core_database)
        assert written_by(blocker, events) == 0
        blocker.rollback()
    await batch.stop()

    assert written(owner, events) == 1


def _wait_for_a_waiter(database: TestDatabase) -> None:
    with psycopg.connect(database.conninfo("contrail_owner"), autocommit=True) as watcher:
        for _ in range(1000):
            row = watcher.execute(
                "select count(*) from pg_locks where relation = 'app.search_events'::regclass and not granted"
            ).fetchone()
            if row is not None and row[0]:
                return
    raise AssertionError("nobody waits for the table")


async def search(client: httpx2.AsyncClient, headers: dict[str, str]) -> dict[str, Any]:
    leg = {"origin": "JFK", "destination": "ORD", "departure_date": DAY.date().isoformat()}
    back = {"origin": "ORD", "destination": "JFK", "departure_date": DAY.date().isoformat()}
    body = {
        "slices": [leg, back],
        "passengers": [{"type": "adult"}, {"type": "child"}, {"type": "infant"}],
        "sort": "best",
    }
    answer = await client.post("/v1/offer-requests", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def rows_of(owner: Owner, request_id: str) -> list[tuple[object, ...]]:
    """What the program has written of a search, once it has written all."""
    await service.stop()
    await service.start()
    return owner.execute(
        "select kind, offer_id, session_hash, source, origin, destination, slices, stay_days, adults, "
        "children, infants, sort, offers_found, total_minor, user_id from app.search_events "
        "where offer_request_id = %s order by id",
        (decode("orq", request_id),),
    ).fetchall()


async def test_a_search_and_a_look_are_told_with_session_and_source(
    owner: Owner, client: httpx2.AsyncClient
) -> None:
    make_departure(
        owner, destination="ORD", departs_at=DAY, live_at=DAY, flight_time=DAY - DAY.replace(hour=15)
    )
    late = DAY.replace(hour=22)
    make_departure(owner, origin="ORD", destination="JFK", departs_at=late, live_at=DAY)
    visit = {"contrail-session": "visit-12345678", "contrail-source": "web.autumn"}

    found = await search(client, visit)
    offer = found["offers"][0]
    await client.get(f"/v1/offers/{offer['id']}", headers=visit)
    searched, looked = await rows_of(owner, found["id"])

    who = (keyed_hash("session", "visit-12345678"), "web.autumn", "JFK", "ORD", 2, 0, 1, 1, 1)
    total = offer["total"]["amount_minor"]
    assert searched == ("search", None, *who, "best", found["offers_found"], total, None)
    assert looked == ("look", decode("off", offer["id"]), *who, None, None, total, None)


async def test_a_search_that_finds_nothing_is_told_too(owner: Owner, client: httpx2.AsyncClient) -> None:
    make_departure(owner, departs_at=DAY)
    leg = {"origin": "JFK", "destination": "AKL", "departure_date": DAY.date().isoformat()}
    answer = await client.post(
        "/v1/offer-requests", json={"slices": [leg], "passengers": [{"type": "adult"}]}
    )

    (row,) = await rows_of(owner, answer.json()["id"])

    assert row[2:4] == (None, "api")
    assert row[12:14] == (0, None)


@pytest.mark.parametrize(
    "headers",
    [{"contrail-session": "short"}, {"contrail-source": "The Web"}, {"contrail-session": "no spaces here"}],
)
async def test_a_visit_that_is_named_badly_is_refused(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    leg = {"origin": "JFK", "destination": "ORD", "departure_date": DAY.date().isoformat()}

    answer = await client.post(
        "/v1/offer-requests", json={"slices": [leg], "passengers": [{"type": "adult"}]}, headers=headers
    )

    assert answer.status_code == 422
