"""Searches on three million departures: memory beside the database, and over HTTP beside an empty answer."""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from app.core.config import get_settings
from app.core.db import engine, transaction
from app.flights.connections import service as connections
from app.flights.connections.schemas import SliceQuery
from app.flights.departures.memory import Departures
from app.flights.departures.reader import Reader
from app.flights.schemas import Cabin, Departure
from deploy.bench import search_http, search_network
from deploy.bench.api_parts import ApiStack, api_stack
from deploy.bench.figures import Figure, Reference, percentile
from deploy.bench.runner import BenchFailed, Options
from deploy.local.settings import StackSettings

Progress = Callable[[str], None]

ROUNDS = 3
QUERIES = 1_000
WARM_UP = 30
SEED = 3_000_000
LONG_BEFORE = datetime(2026, 12, 1, tzinfo=UTC)
# The middle of the network's half year, with the day on which the clocks change in it.
FIRST_DAY, DAYS = date(2027, 1, 4), 160
RATIO_GOAL = 0.3


@dataclass
class Timed:
    """One round: how long each search took, by who answered it, and how many found the same."""

    memory_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    identical: int = 0

    @property
    def ratio(self) -> float:
        return percentile(self.memory_ms, 0.99) / percentile(self.database_ms, 0.99)


def measure(progress: Progress, options: Options) -> list[Figure]:
    """Every figure of the search bench. Raises BenchFailed."""
    folder = StackSettings.from_environment().home / "bench"
    with api_stack(progress) as stack:
        flights = search_network.fill(stack.database, folder, progress)
        progress(f"{flights:,} departures are there")
        queries = make_queries(stack.database)
        figures = asyncio.run(_beside_the_database(stack, queries, progress))
        return figures + search_http.measure(stack, queries, progress, options)


def make_queries(database: str) -> list[SliceQuery]:
    """Random searches, an airport as often as it has flights."""
    dice = random.Random(SEED)
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "select origin, destination from app.flights tablesample system (0.2) repeatable (1)"
        ).fetchall()
    if len(rows) < QUERIES:
        raise BenchFailed("the network is smaller than expected")
    routes = [(str(origin), str(destination)) for origin, destination in rows]
    return [_a_query(dice, routes) for _ in range(QUERIES)]


def _a_query(dice: random.Random, routes: Sequence[tuple[str, str]]) -> SliceQuery:
    (origin, straight), (_, elsewhere) = dice.sample(routes, 2)
    is_elsewhere = dice.random() < 0.5 and elsewhere != origin
    return SliceQuery(
        origin=origin,
        destination=elsewhere if is_elsewhere else straight,
        departure_date=FIRST_DAY + timedelta(days=dice.randrange(DAYS)),
        cabin=Cabin.ECONOMY,
        seats=dice.randint(1, 4),
        airlines=None if dice.random() < 0.8 else ("AA", "DL"),
    )


async def _beside_the_database(
    stack: ApiStack, queries: Sequence[SliceQuery], progress: Progress
) -> list[Figure]:
    os.environ.update(stack.settings.environment())
    get_settings.cache_clear()
    reader = Reader()
    began = time.perf_counter()
    departures = reader.everything(date(2000, 1, 1))
    seconds = time.perf_counter() - began
    reader.close()
    megabytes = departures.bytes / 2**20 / (len(departures) / 1e6)
    progress(f"read {len(departures):,} departures in {seconds:.1f} s, {megabytes:.0f} MB a million")
    dice = random.Random(SEED)
    stops = [dice.choice([None, 0, 1, 2]) for _ in queries]
    asked = list(zip(queries, stops, strict=True))
    await _round(departures, asked[:WARM_UP])
    rounds = []
    for number in range(ROUNDS):
        rounds.append(await _round(departures, asked[number::ROUNDS]))
        progress(
            f"round {number + 1}: p99 in memory {percentile(rounds[-1].memory_ms, 0.99):.1f} ms, in the "
            f"database {percentile(rounds[-1].database_ms, 0.99):.1f} ms"
        )
    await engine().dispose()
    return [
        Figure(
            "engine_p99_over_sql_p99", "", "lower", tuple(each.ratio for each in rounds), RATIO_GOAL,
            Reference("SQL p99 ms", tuple(percentile(each.database_ms, 0.99) for each in rounds)),
        ),
        Figure(
            "engine_p50_over_sql_p50", "", "lower",
            tuple(statistics.median(each.memory_ms) / statistics.median(each.database_ms) for each in rounds),
        ),
        Figure(
            "identical_results_of_1000", "", "higher",
            (float(sum(each.identical for each in rounds)),), QUERIES,
        ),
        Figure("read_seconds_a_million", "s", "lower", (seconds / (len(departures) / 1e6),)),
        Figure("kept_mb_a_million", "MB", "lower", (megabytes,)),
    ]  # fmt: skip


async def _round(departures: Departures, asked: Sequence[tuple[SliceQuery, int | None]]) -> Timed:
    timed = Timed()
    for query, stops in asked:
        async with transaction() as session:
            began = time.perf_counter()
            memory = await connections.find_in_memory(session, departures.days, query, LONG_BEFORE, stops)
            timed.memory_ms.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            database = await connections.find_in_database(session, query, LONG_BEFORE, stops)
            timed.database_ms.append((time.perf_counter() - began) * 1000)
        timed.identical += _bare(memory) == _bare(database)
    return timed


def _bare(ways: list[list[Departure]]) -> Any:
    """Without the moment of reading."""
    return [[replace(leg, read_at=LONG_BEFORE) for leg in way] for way in ways]
