"""Searches over HTTP beside an empty answer through the same layers, and how soon a sale is seen."""

import json
import random
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import httpx2
import psycopg

from app.flights.connections.schemas import SliceQuery
from deploy.bench.api_parts import ApiStack, flame_graph
from deploy.bench.figures import Figure, Reference, percentile
from deploy.bench.open_loop import Load, Outcome, encode, run_apart
from deploy.bench.runner import BenchFailed, Options
from deploy.local.supervisor import Supervisor

Progress = Callable[[str], None]

ROUNDS = 3
SECONDS = 6.0
CONNECTIONS = 8
MOST_REQUESTS = 60_000
CACHED_GOAL, UNCACHED_GOAL = 0.5, 0.3
READY_LIMIT_SECONDS = 180.0
POLL_SECONDS = 0.2
SALES = 150
FRESHNESS_GOAL_MS = 1000.0
SEEN_LIMIT_SECONDS = 10.0


def measure(
    stack: ApiStack, queries: Sequence[SliceQuery], progress: Progress, options: Options
) -> list[Figure]:
    """Restarts the API first, which knows of no network yet. Raises BenchFailed."""
    supervisor = Supervisor(stack.settings)
    supervisor.stop("api-1")
    supervisor.start("api-1")
    base = "http://{}:{}".format(*stack.targets[0])
    with httpx2.Client(base_url=base, timeout=30) as client:
        _wait_until_kept(client, progress)
        popular = _popular(client, queries)
        others = [_body(query) for query in queries]
        empty, cached, uncached = [], [], []
        with flame_graph(options.flame, stack.process_ids()[0], progress):
            for number in range(ROUNDS):
                empty.append(_per_second(stack, [encode("GET", "/healthz")] * MOST_REQUESTS))
                cached.append(_per_second(stack, [_post(popular)] * MOST_REQUESTS))
                uncached.append(_per_second(stack, [_post(body) for body in _never_twice(others)]))
                progress(
                    f"round {number + 1}: empty {empty[-1]:.0f}/s, cached {cached[-1]:.0f}/s, "
                    f"uncached {uncached[-1]:.0f}/s"
                )
        fresh = _freshness(stack, client, popular, progress)
    return [
        _share("http_cached_over_empty", cached, empty, CACHED_GOAL),
        _share("http_uncached_over_empty", uncached, empty, UNCACHED_GOAL),
        Figure("freshness_p99_ms", "ms", "lower", (percentile(fresh, 0.99),), FRESHNESS_GOAL_MS),
    ]


def _share(name: str, searches: list[float], empty: list[float], goal: float) -> Figure:
    ratios = tuple(search / nothing for search, nothing in zip(searches, empty, strict=True))
    return Figure(name, "", "higher", ratios, goal, Reference("empty requests a second", tuple(empty)))


def _per_second(stack: ApiStack, requests: Sequence[bytes]) -> float:
    """Answers a second of one process, each connection asking again as soon as it is answered."""
    outcome: Outcome = run_apart(Load(stack.targets, requests, CONNECTIONS, seconds=SECONDS))
    good = outcome.count(200, 201)
    answered = sum(status != 0 for status in outcome.statuses)
    if good < answered:
        raise BenchFailed(f"{answered - good} of {answered} answers were refusals")
    return outcome.rate_of(200, 201)


def _wait_until_kept(client: httpx2.Client, progress: Progress) -> None:
    """Until the process answers from memory."""
    began = time.monotonic()
    ready: float | None = None
    while time.monotonic() < began + READY_LIMIT_SECONDS:
        time.sleep(POLL_SECONDS)
        try:
            lines = client.get("/metrics").text.splitlines()
        except httpx2.TransportError:
            continue
        ready = ready or time.monotonic()
        kept = next((line.split()[1] for line in lines if line.startswith("contrail_departures_kept ")), "0")
        if float(kept) > 0:
            progress(
                f"the API answered after {ready - began:.1f} s and kept {float(kept):,.0f} departures "
                f"after {time.monotonic() - began:.1f} s"
            )
            return
    raise BenchFailed("the API did not keep the network's departures in memory")


def _body(query: SliceQuery) -> dict[str, object]:
    """A direct search for one adult."""
    return {
        "slices": [
            {
                "origin": query.origin,
                "destination": query.destination,
                "departure_date": query.departure_date.isoformat(),
            }
        ],
        "passengers": [{"type": "adult"}],
        "max_stops": 0,
    }


def _popular(client: httpx2.Client, queries: Sequence[SliceQuery]) -> dict[str, object]:
    """A search that finds about as much as most do."""
    found = []
    for query in queries[:60]:
        answer = client.post("/v1/offer-requests", json=_body(query))
        answer.raise_for_status()
        found.append((answer.json()["offers_found"], _body(query)))
    found = sorted((each for each in found if each[0]), key=lambda each: each[0])
    return found[len(found) // 2][1]


def _never_twice(bodies: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The searches again and again, each time with another limit on the price, which no answer reaches."""
    made: list[dict[str, object]] = []
    start = time.time_ns() % 1_000_000_000
    while len(made) < MOST_REQUESTS // 3:
        made += [
            body | {"max_total_minor": 10_000_000_000 + start + len(made) + n}
            for n, body in enumerate(bodies)
        ]
    random.Random(0).shuffle(made)
    return made


def _post(body: dict[str, object]) -> bytes:
    return encode("POST", "/v1/offer-requests", body=json.dumps(body).encode())


def _freshness(
    stack: ApiStack, client: httpx2.Client, body: dict[str, object], progress: Progress
) -> list[float]:
    """From the commit of a sale to the first answer that knows of it, in milliseconds."""
    answer = client.post("/v1/offer-requests", json=body).json()
    flight = answer["offers"][0]["slices"][0]["segments"][0]["flight_id"]
    key = flight.removeprefix("flt_")
    waited = []
    with psycopg.connect(stack.database, autocommit=True) as connection:
        for number in range(SALES):
            as_of = connection.execute(
                "update live.availability set source_ts = clock_timestamp(), lsn = lsn + 1, "
                "seats_open[1] = %s where flight_id = %s returning source_ts",
                (50 + number % 40, key),
            ).fetchone()
            assert as_of is not None
            connection.execute("select pg_notify('availability', %s)", (str(_uuid(key)),))
            began = time.perf_counter()
            while not _has_seen(client, body, as_of[0].isoformat()):
                if time.perf_counter() - began > SEEN_LIMIT_SECONDS:
                    raise BenchFailed("a sale was not seen in the answers")
            waited.append((time.perf_counter() - began) * 1000)
    progress(f"{SALES} sales, each seen within {max(waited):.0f} ms")
    return waited


def _has_seen(client: httpx2.Client, body: dict[str, object], as_of: str) -> bool:
    told = client.post("/v1/offer-requests", json=body | {"limit": 1}).json()["availability"]["as_of"]
    return bool(told.replace("Z", "+00:00") >= as_of)


def _uuid(key: str) -> UUID:
    return UUID(hex=key)
