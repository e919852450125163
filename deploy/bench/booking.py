"""The booking bench: bookings over HTTP held against pgbench with the same statements, and against objects.

All in one run on one Postgres: what the API answers 201 in state held, what the best pgbench does with the
SQL of one booking a transaction, and the same endpoint written with objects of the ORM.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.bench import booking_sql
from deploy.bench.api_parts import ApiStack, Progress, api_stack, flame_graph
from deploy.bench.booking_rows import Town, count_oversold, make_town
from deploy.bench.figures import Figure, Reference, percentile
from deploy.bench.open_loop import Address, Load, Outcome, run_apart
from deploy.bench.runner import BenchFailed, Options
from deploy.local.settings import PROJECT_ROOT, free_ports

ROUNDS = 3
PROCESSES = 2
# Enough that a lot of 64 gathers in each of two processes while another is written.
CONNECTIONS = 192
# A booking with objects keeps a connection to the database throughout, and a process has few.
TWIN_CONNECTIONS = 16
SECONDS = 5.0
# More than are sent in that time; what is left over is not sent.
MOST_A_SECOND = 3_000
OPEN_SECONDS = 8.0
OPEN_SHARE = 0.70
CREATED = 201
TWIN_START_SECONDS = 120.0


@dataclass(frozen=True)
class Round:
    """Bookings a second each way, and the latencies of an open loop at OPEN_SHARE of the first."""

    http: float
    http_hot: float
    pgbench: float
    pgbench_hot: float
    twin: float
    latencies_ms: list[float]


def measure(progress: Progress, options: Options) -> list[Figure]:
    """Start a stack of the bench's own, take all rounds, and stop it."""
    with api_stack(progress, processes=PROCESSES) as stack:
        town = make_town(stack, progress)
        recorded = booking_sql.record(town)
        spread, hot = stack.settings.home / "booking.sql", stack.settings.home / "hot.sql"
        spread.write_text(booking_sql.script(recorded, is_hot=False))
        hot.write_text(booking_sql.script(recorded, is_hot=True))
        with _twin(stack, progress) as twin:
            _book(stack.targets, town.requests(_most(1.0)), 1.0)
            _book(twin, town.requests(_most(1.0)), 1.0, TWIN_CONNECTIONS)
            with flame_graph(options.flame, stack.process_ids()[0], progress):
                _book(stack.targets, town.requests(_most(SECONDS)), SECONDS if options.flame else 1.0)
            rounds = [
                _round(stack, town, twin, spread, hot, f"round {number} of {ROUNDS}", progress)
                for number in range(1, ROUNDS + 1)
            ]
        oversold = count_oversold(stack.database)
    return figures(rounds, oversold)


def _round(
    stack: ApiStack,
    town: Town,
    twin: Sequence[Address],
    spread: Path,
    hot: Path,
    name: str,
    progress: Progress,
) -> Round:
    best, best_hot = (booking_sql.best_rate(stack.settings, file) for file in (spread, hot))
    http = _book(stack.targets, town.requests(_most(SECONDS)), SECONDS).rate_of(CREATED)
    on_one = town.requests(_most(SECONDS), town.hot_flight)
    http_hot = _book(stack.targets, on_one, SECONDS).rate_of(CREATED)
    from_objects = _book(twin, town.requests(_most(SECONDS)), SECONDS, TWIN_CONNECTIONS)
    objects = from_objects.rate_of(CREATED)
    rate = OPEN_SHARE * http
    calm = run_apart(Load(stack.targets, town.requests(int(rate * OPEN_SECONDS)), CONNECTIONS, rate))
    _ensure_all_created(calm)
    progress(
        f"{name}: pgbench {best:,.0f}/s, on one flight {best_hot:,.0f}/s; HTTP {http:,.0f}/s, on one flight "
        f"{http_hot:,.0f}/s; objects {objects:,.0f}/s; p99 at {rate:,.0f}/s "
        f"{percentile(calm.latencies_ms, 0.99):.0f} ms"
    )
    return Round(http, http_hot, best, best_hot, objects, calm.latencies_ms)


def _most(seconds: float) -> int:
    return int(seconds * MOST_A_SECOND)


def _book(
    targets: Sequence[Address], requests: Sequence[bytes], seconds: float, connections: int = CONNECTIONS
) -> Outcome:
    """As many as are answered in this time, each connection asking again as soon as it is answered."""
    outcome = run_apart(Load(targets, requests, connections, seconds=seconds))
    _ensure_all_created(outcome)
    return outcome


def _ensure_all_created(outcome: Outcome) -> None:
    others = sorted({status for status in outcome.statuses if status != CREATED})
    if others or not outcome.statuses:
        raise BenchFailed(f"not every booking was made: {others} among {len(outcome.statuses)} answers")


@contextlib.contextmanager
def _twin(stack: ApiStack, progress: Progress) -> Iterator[list[Address]]:
    """The endpoint written with objects, in as many processes as the API has."""
    ports = [int(port) for port in list(free_ports().values())[:PROCESSES]]
    host = stack.settings.host
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "deploy.bench.booking_twin:app", "--host", host),
                *("--port", str(port), "--no-access-log", "--no-server-header", "--no-proxy-headers"),
            ],
            cwd=PROJECT_ROOT,
            env=os.environ | stack.settings.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for port in ports
    ]
    try:
        targets = [(host, port) for port in ports]
        for target in targets:
            _wait_for(target)
        progress("the endpoint written with objects is up")
        yield targets
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _wait_for(target: Address) -> None:
    deadline = time.monotonic() + TWIN_START_SECONDS
    while True:
        try:
            socket.create_connection(target).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise BenchFailed("the endpoint written with objects did not start") from None
            time.sleep(0.1)
        else:
            return


def figures(rounds: Sequence[Round], oversold: int) -> list[Figure]:
    """The figures of the bench; every ratio is taken inside one round."""
    best = Reference("best_pgbench_per_s", tuple(each.pgbench for each in rounds))
    best_hot = Reference("best_pgbench_on_one_flight_per_s", tuple(each.pgbench_hot for each in rounds))
    objects = Reference("orm_endpoint_per_s", tuple(each.twin for each in rounds))
    over_best = tuple(each.http / each.pgbench for each in rounds)
    over_objects = tuple(each.http / each.twin for each in rounds)
    over_hot = tuple(each.http_hot / each.pgbench_hot for each in rounds)
    p99 = tuple(percentile(each.latencies_ms, 0.99) for each in rounds)
    p50 = tuple(percentile(each.latencies_ms, 0.5) for each in rounds)
    return [
        Figure("http_bookings_per_s", "/s", "higher", tuple(each.http for each in rounds), None, best),
        Figure("http_bookings_over_pgbench", "x", "higher", over_best, 0.40, best),
        Figure("over_orm_endpoint", "x", "higher", over_objects, 8.0, objects),
        Figure("hot_flight_over_single_booking_pgbench", "x", "higher", over_hot, 0.8, best_hot),
        Figure("oversold", "cabins", "lower", (float(oversold),), 0.0),
        Figure("open_loop_p50_ms_at_70pct", "ms", "lower", p50),
        Figure("open_loop_p99_ms_at_70pct", "ms", "lower", p99, 100.0),
    ]
