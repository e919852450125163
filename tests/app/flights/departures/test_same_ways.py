"""Searches among departures in memory find what the statements find, and in their order."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.core.db import transaction
from app.flights.connections import service
from app.flights.connections.schemas import SliceQuery, TimeWindow
from app.flights.departures import store
from app.flights.departures.memory import Departures
from app.flights.departures.reader import Reader
from app.flights.schemas import Cabin, Departure
from tests.app.flights.departures.conftest import AUTUMN, SEED, SPRING, Connection, sell_at_random

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

QUERIES = 1_000
LONG_BEFORE = datetime(2037, 1, 1, tzinfo=UTC)
DAYS = [
    first + timedelta(days=step)
    for first, last in (SPRING, AUTUMN)
    for step in range(-1, (last - first).days + 2)
]


@pytest.fixture(scope="module")
def places(network: Connection) -> list[str]:
    """The airports, those with many flights more often."""
    rows = network.execute("select origin from app.flights where departure_date >= '2037-01-01' order by id")
    return [str(row[0]) for row in rows]


@pytest.fixture(scope="module")
def departures(network: Connection, core_settings: object) -> Iterator[Departures]:
    reader = Reader()
    yield reader.everything(date(2037, 1, 1))
    reader.close()


def a_time(dice: random.Random) -> time:
    return time(dice.randrange(24), dice.choice([0, 15, 30, 59]))


def a_window(dice: random.Random) -> TimeWindow | None:
    return TimeWindow(a_time(dice), a_time(dice)) if dice.random() < 0.2 else None


def a_query(dice: random.Random, places: Sequence[str]) -> SliceQuery:
    origin = dice.choice(places)
    destination = dice.choice([place for place in dice.sample(places, 20) if place != origin] or ["ZZZ"])
    return SliceQuery(
        origin=origin,
        destination=destination,
        departure_date=dice.choice(DAYS),
        cabin=dice.choice([Cabin.ECONOMY, Cabin.ECONOMY, Cabin.BUSINESS, Cabin.FIRST]),
        seats=dice.randint(1, 5),
        airlines=None if dice.random() < 0.8 else tuple(dice.sample(["B6", "UA", "DL", "AA", "XX"], 2)),
        departs=a_window(dice),
        arrives=a_window(dice),
    )


def a_moment(dice: random.Random, query: SliceQuery) -> datetime:
    """Mostly long before, sometimes in the middle of the day searched."""
    if dice.random() < 0.8:
        return LONG_BEFORE
    return datetime.combine(query.departure_date, a_time(dice), UTC) + timedelta(
        microseconds=dice.randrange(9)
    )


def without_reading_time(ways: list[list[Departure]]) -> list[list[Departure]]:
    return [[replace(leg, read_at=LONG_BEFORE) for leg in way] for way in ways]


async def both(
    departures: Departures, query: SliceQuery, now: datetime, max_stops: int | None
) -> tuple[list[list[Departure]], list[list[Departure]]]:
    async with transaction() as session:
        from_memory = await service.find_in_memory(session, departures.days, query, now, max_stops)
        from_database = await service.find_in_database(session, query, now, max_stops)
    return without_reading_time(from_memory), without_reading_time(from_database)


async def test_a_thousand_random_searches_find_the_same(departures: Departures, places: list[str]) -> None:
    dice = random.Random(SEED)
    found = dict.fromkeys(range(3), 0)
    for _ in range(QUERIES):
        query = a_query(dice, places)
        now, max_stops = a_moment(dice, query), dice.choice([None, 0, 1, 2, 2])

        from_memory, from_database = await both(departures, query, now, max_stops)

        assert from_memory == from_database, (SEED, query, now, max_stops)
        for way in from_memory:
            found[len(way) - 1] += 1
    assert min(found.values()) > 100, f"the searches must find something to compare: {found}"


async def test_after_seats_are_sold_and_flights_cancelled_the_same_is_found(
    network: Connection, departures: Departures, places: list[str]
) -> None:
    dice = random.Random(SEED + 1)
    before = {day: held.stamps.copy() for day, held in departures.days.items()}
    sell_at_random(network, dice, share=0.3)
    ids = [
        row[0] for row in network.execute("select id from app.flights where departure_date >= '2037-01-01'")
    ]
    reader = Reader()
    for rows in reader.flights(departures, [each for each in ids if isinstance(each, UUID)]):
        assert departures.apply(rows) == set(), "nothing but seats and sale has changed"
    reader.close()

    assert any((held.stamps != before[day]).any() for day, held in departures.days.items())
    for _ in range(100):
        query = a_query(dice, places)
        from_memory, from_database = await both(departures, query, LONG_BEFORE, 2)
        assert from_memory == from_database, (SEED + 1, query)


async def test_a_memory_that_was_not_told_of_a_sale_is_found_out(
    network: Connection, departures: Departures, places: list[str]
) -> None:
    """The negative control: the comparison above goes red where seats have moved and memory has not."""
    dice = random.Random(SEED + 2)
    ways: list[list[Departure]] = []
    while not ways:
        query = a_query(dice, places)
        ways, _ = await both(departures, query, LONG_BEFORE, 0)
    network.execute(
        "update live.availability set seats_open = array_fill(0, array[cardinality(seats_open)]) "
        "where flight_id = %s", (ways[0][0].flight_id,)
    )  # fmt: skip

    from_memory, from_database = await both(departures, query, LONG_BEFORE, 0)

    assert from_memory != from_database
    reader = Reader()
    departures.days.update(reader.days(departures, [query.departure_date]))
    reader.close()
    from_memory, from_database = await both(departures, query, LONG_BEFORE, 0)
    assert from_memory == from_database


def test_a_flight_that_now_leaves_at_another_time_has_its_day_read_anew(
    network: Connection, departures: Departures
) -> None:
    row = network.execute(
        "select id, departure_date from app.flights where departure_date = %s limit 1", (SPRING[0],)
    ).fetchone()
    assert row is not None
    with network.transaction(force_rollback=True):
        network.execute(
            "update app.flights set departs_at = departs_at + interval '1 minute' where id = %s", row[:1]
        )
        rows = store.copy_flights(network, [row[0]])  # type: ignore[list-item]

    assert departures.apply(rows) == {row[1]}


@hypothesis_settings(max_examples=200)
@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=3))
def test_a_code_is_found_again_and_codes_keep_their_order(code: str) -> None:
    from app.flights.departures.layout import code_of, text_of

    number = code_of(code)

    assert number is not None
    assert text_of(number) == code
    assert (code < "JFK") == (number < (code_of("JFK") or 0)) or code == "JFK"
