"""The API bench: every route of a booking's life beside an empty one, and words in a long audit log."""

import json
import os
from collections.abc import Callable, Sequence

import psutil

from deploy.bench import api_rows, audit_rows
from deploy.bench.api_life import Player
from deploy.bench.api_parts import ApiStack, api_stack, flame_graph
from deploy.bench.figures import Figure, Reference, percentile
from deploy.bench.open_loop import Load, encode, run_apart
from deploy.bench.runner import BenchFailed, Options
from deploy.local.settings import StackSettings

ROUNDS = 3
WORDS_RATE = 5.0
AUDIT_SECONDS = 10
AUDIT_GOAL_MS = 500.0
# Of what every entry says, of one in a hundred, of a few, and of none.
WORDS = (
    "refund", "medical certificate", "hurricane", "volcanic", '"closure of airport"', "refund -customer",
    "strike or hurricane", "booking cancelled hurricane", "fraud desk", "nobodywrotethis",
)  # fmt: skip

Progress = Callable[[str], None]
Rounds = dict[str, list[list[float]]]


def measure(progress: Progress, options: Options) -> list[Figure]:
    """Start Postgres and two API processes, play the rounds, then fill the audit log and search it."""
    rounds: Rounds = {}
    with api_stack(progress, processes=2) as stack:
        player = Player(
            stack,
            api_rows.add_departures(stack.database),
            lambda name, latencies: rounds.setdefault(name, []).append(latencies),
        )
        with flame_graph(options.flame, stack.process_ids()[0], progress):
            # Not counted: what is imported, planned and connected only once.
            player.play()
            rounds.clear()
            for number in range(1, ROUNDS + 1):
                player.empty()
                player.play()
                progress(f"a booking's life, round {number} of {ROUNDS}")
        memory = _memory_mb(stack)
        audit_rows.add_entries(stack.database, options.rows, progress)
        words = _search_words(stack)
    return [*figures(rounds), *_process_figures(memory), audit_figure(words)]


def figures(rounds: Rounds) -> list[Figure]:
    """p99 of every route over that of the empty one in the same round, and both percentiles as told."""
    empty = Reference("empty_p99_ms", tuple(percentile(found, 0.99) for found in rounds["empty"]))
    made = []
    for route, found in rounds.items():
        p99 = tuple(percentile(latencies, 0.99) for latencies in found)
        p50 = tuple(percentile(latencies, 0.5) for latencies in found)
        made += [
            Figure(f"{route}_p50_ms", "ms", "lower", p50),
            Figure(f"{route}_p99_ms", "ms", "lower", p99),
        ]
        if route != "empty":
            over = tuple(ours / least for ours, least in zip(p99, empty.runs, strict=True))
            made.append(Figure(f"{route}_p99_over_empty", "x", "lower", over, None, empty))
    return made


def audit_figure(rounds: Sequence[Sequence[float]]) -> Figure:
    runs = tuple(percentile(latencies, 0.99) for latencies in rounds)
    return Figure("audit_words_p99_ms", "ms", "lower", runs, AUDIT_GOAL_MS)


def _process_figures(memory: Sequence[float]) -> list[Figure]:
    return [Figure("api_process_own_memory_mb", "MB", "lower", tuple(memory))]


def _memory_mb(stack: ApiStack) -> list[float]:
    """What each process of the API has for itself, after the rounds."""
    return [psutil.Process(pid).memory_full_info().uss / 1e6 for pid in stack.process_ids()]


def _search_words(stack: ApiStack) -> list[list[float]]:
    """Latencies by round; the first round warms the server's memory and is not counted."""
    token = _analyst_token(stack.settings)
    headers = {"authorization": f"Bearer {token}"}
    asked = [encode("GET", f"/v1/admin/audit?q={_quoted(words)}", headers) for words in WORDS]
    requests = [asked[n % len(asked)] for n in range(round(WORDS_RATE * AUDIT_SECONDS))]
    rounds = []
    for _ in range(ROUNDS + 1):
        outcome = run_apart(Load(stack.targets, requests, len(asked), WORDS_RATE, keeps_bodies=True))
        if outcome.count(200) < len(requests):
            raise BenchFailed(f"the audit log was not searched: {set(outcome.statuses)}")
        rounds.append(outcome.latencies_ms)
    if json.loads(outcome.bodies[0])["data"] == []:
        raise BenchFailed("the audit log holds no frequent word")
    return rounds[1:]


def _analyst_token(settings: StackSettings) -> str:
    """A program's own token, made with the key of the bench's stack."""
    os.environ.update(settings.environment())
    from app.core.security import Role, mint_service_token

    return mint_service_token(subject="bench", roles=[Role.ANALYST])


def _quoted(words: str) -> str:
    return words.replace('"', "%22").replace(" ", "%20")
