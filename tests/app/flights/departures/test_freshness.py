"""Departures in memory follow the database, and give way to it whenever they might be behind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

import psycopg
import pytest

from app.core.config import get_settings
from app.core.db import transaction
from app.flights.connections import service as connections
from app.flights.connections.schemas import SliceQuery
from app.flights.departures import service
from app.flights.schemas import Cabin
from tests.app.conftest import Owner
from tests.app.departures import Departure, copy_to_live, make_departure
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

WAIT_LIMIT_SECONDS = 60
_days = count(0)


@pytest.fixture
def morning() -> datetime:
    return datetime(2036, 5, 10, 13, 0, tzinfo=UTC) + timedelta(days=4 * next(_days))


@pytest.fixture
async def kept(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """This process keeps departures, and has read those there are."""
    monkeypatch.setattr(get_settings(), "departures_in_memory", True)
    async with service.kept_in_memory():
        await until(lambda: is_kept(datetime(2036, 5, 10, tzinfo=UTC)))
        yield


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for comes from another program
            await asyncio.sleep(0.01)


def is_kept(morning: datetime) -> bool:
    return service.kept_for(morning.date()) is not None


def tell(owner: Owner, departure: Departure) -> None:
    """As the availability flow does."""
    owner.execute("select pg_notify('availability', %s)", (str(departure.flight_id),))


def sell(owner: Owner, departure: Departure, sold: int) -> None:
    cabin_id = departure.cabin_ids["economy"]
    with owner.transaction():
        owner.execute("update app.cabin_inventories set sold[1] = %s where id = %s", (sold, cabin_id))
        copy_to_live(owner, cabin_id, departure.departs_at)
        tell(owner, departure)


async def seats(morning: datetime) -> dict[UUID, int]:
    """What a search finds in memory: the seats of the dearest class by flight."""
    query = SliceQuery("JFK", "LAX", morning.date(), Cabin.ECONOMY, seats=1)
    days = service.kept_for(morning.date())
    if days is None:
        return {}
    async with transaction() as session:
        ways = await connections.find_in_memory(session, days, query, morning - timedelta(days=9), 0)
    return {leg.flight_id: leg.seats_open[0] for way in ways for leg in way}


async def until_seats(morning: datetime, expected: dict[UUID, int]) -> None:
    async with asyncio.timeout(WAIT_LIMIT_SECONDS):
        while await seats(morning) != expected:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_a_new_flight_a_sale_and_a_cancellation_are_each_taken_in(
    owner: Owner, kept: None, morning: datetime
) -> None:
    departure = make_departure(owner, departs_at=morning, live_at=morning)
    tell(owner, departure)
    await until_seats(morning, {departure.flight_id: 10})

    sell(owner, departure, sold=3)
    await until_seats(morning, {departure.flight_id: 7})

    owner.execute("update app.flights set status = 'cancelled' where id = %s", (departure.flight_id,))
    await until_seats(morning, {})
    await until(lambda: is_kept(morning))


async def test_a_flight_moved_to_another_day_and_one_taken_away_are_gone(
    owner: Owner, kept: None, morning: datetime
) -> None:
    moved = make_departure(owner, departs_at=morning, live_at=morning)
    tell(owner, moved)
    await until_seats(morning, {moved.flight_id: 10})

    owner.execute(
        "update app.flights set departure_date = departure_date + 1, "
        "departs_at = departs_at + interval '1 day', departs_local = departs_local + interval '1 day', "
        "arrives_at = arrives_at + interval '1 day', arrives_local = arrives_local + interval '1 day' "
        "where id = %s", (moved.flight_id,)
    )  # fmt: skip
    await until_seats(morning, {})
    await until_seats(morning + timedelta(days=1), {moved.flight_id: 10})

    owner.execute("delete from live.availability where flight_id = %s", (moved.flight_id,))
    owner.execute("delete from app.cabin_inventories where flight_id = %s", (moved.flight_id,))
    owner.execute("delete from app.flights where id = %s", (moved.flight_id,))
    await until_seats(morning + timedelta(days=1), {})


async def test_while_nobody_listens_the_database_answers_and_afterwards_nothing_is_missing(
    owner: Owner, kept: None, morning: datetime, core_database: TestDatabase
) -> None:
    departure = make_departure(owner, departs_at=morning, live_at=morning)
    tell(owner, departure)
    await until_seats(morning, {departure.flight_id: 10})

    with psycopg.connect(core_database.conninfo("app_rw"), autocommit=True) as same_role:
        same_role.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'contrail-listen'"
        )
    await until(lambda: not is_kept(morning))
    sell(owner, departure, sold=4)

    await until_seats(morning, {departure.flight_id: 6})


async def test_silence_longer_than_promised_leaves_the_search_to_the_database(
    kept: None, morning: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_kept(morning)

    monkeypatch.setattr(service, "MOST_BEHIND_SECONDS", -1.0)

    assert not is_kept(morning)


async def test_the_program_without_departures_asks_the_database(owner: Owner, morning: datetime) -> None:
    departure = make_departure(owner, departs_at=morning, live_at=morning)
    query = SliceQuery("JFK", "LAX", morning.date(), Cabin.ECONOMY, seats=1)

    async with transaction() as session:
        ways = await connections.find_itineraries(session, query, morning - timedelta(days=9), 0)

    assert not is_kept(morning)
    assert [leg.flight_id for way in ways for leg in way] == [departure.flight_id]
