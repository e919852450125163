"""The capture bench: how late a commit is in Kafka and in live.availability, and how fast a backlog drains.

All in one run beside pg_recvlogical, which reads the same publication from a slot of its own.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from connect.rest import ConnectClient
from connect.settings import Settings as ConnectSettings
from deploy.bench import recvlogical
from deploy.bench.arrivals import InAvailability, InKafka, consumer_at_end, drain_seconds
from deploy.bench.capture_rows import CHANGE_ONE, CHANGE_SOME, Connection, add_cabins
from deploy.bench.figures import Figure, Reference, percentile
from deploy.bench.own_stack import own_stack
from deploy.bench.runner import BenchFailed, Options
from deploy.local.settings import StackSettings
from deploy.local.supervisor import Supervisor

SERVICES = ("postgres-core", "kafka", "connect", "flow-availability")
ROUNDS = 3
# A steady rate that one machine carries without queueing: what is measured is delay, not capacity.
CHANGES_A_SECOND = 50
SECONDS_A_ROUND = 10
CABINS = CHANGES_A_SECOND * SECONDS_A_ROUND
DRAIN_CHANGES = 100_000
# About the rows of a few bookings that were committed together.
CHANGES_A_COMMIT = 20
SETTLE_LIMIT_SECONDS = 60.0
ARRIVAL_LIMIT_SECONDS = 30.0
DRAIN_LIMIT_SECONDS = 180.0
STATE_LIMIT_SECONDS = 60.0
POLL_SECONDS = 0.05
# Timestamps of the log are whole microseconds.
CLOCK_GRAIN_SECONDS = 2e-6

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Delays:
    """One round's delays after the commit, in milliseconds, in the order of the commits."""

    recvlogical: list[float]
    kafka: list[float]
    availability: list[float]


@dataclass(frozen=True)
class Drain:
    """One round's backlog: changes a second through each reader."""

    recvlogical: float
    kafka: float


def measure(progress: Progress, options: Options) -> list[Figure]:
    """Start a stack of the bench's own, take all rounds, and stop it."""
    progress(f"starting a stack of its own: {', '.join(SERVICES)}")
    with own_stack(SERVICES, progress) as settings:
        dsn = settings.dsn("core", "contrail", "app_rw", "app_rw_password")
        with psycopg.connect(dsn) as writer:
            flights = add_cabins(writer, CABINS)
            _wait_until_settled(writer)
            delays = measure_delays(settings, writer, flights, progress)
            Supervisor(settings).stop("flow-availability")
            drains = measure_drains(settings, writer, list(flights), progress)
    return figures(delays, drains)


def measure_delays(
    settings: StackSettings, writer: Connection, flights: dict[UUID, UUID], progress: Progress
) -> list[Delays]:
    """Change every cabin once a round, at a steady rate, and see each change arrive in three places."""
    with recvlogical.own_slot(settings):
        reference = recvlogical.Arrivals(settings)
        kafka = InKafka(settings)
        availability = InAvailability(settings)
        try:
            _warm_up(writer, flights, reference, kafka, availability)
            rounds = []
            for number in range(1, ROUNDS + 1):
                for reader in (reference, kafka, availability):
                    reader.forget()
                commits = _change_steadily(writer, list(flights))
                _wait_for_all(flights, reference, kafka, availability)
                found = _delays(commits, flights, reference, kafka, availability)
                rounds.append(found)
                progress(f"delays, round {number} of {ROUNDS}: {_in_words(found)}")
            return rounds
        finally:
            reference.stop()
            kafka.stop()
            availability.stop()


def _wait_until_settled(reader: Connection) -> None:
    """Until the flow has written every new cabin, so that nothing of before arrives among the changes."""
    deadline = time.monotonic() + SETTLE_LIMIT_SECONDS
    while True:
        row = reader.execute("select count(*) from live.availability").fetchone()
        reader.commit()
        if row == (CABINS,):
            return
        if time.monotonic() > deadline:
            raise BenchFailed(
                f"{row[0] if row else 0} of {CABINS} cabins came to live.availability "
                f"within {SETTLE_LIMIT_SECONDS:.0f} s"
            )
        time.sleep(POLL_SECONDS)


def _warm_up(
    writer: Connection,
    flights: dict[UUID, UUID],
    reference: recvlogical.Arrivals,
    kafka: InKafka,
    availability: InAvailability,
) -> None:
    """A round that is not counted: each reader is known to read, and Connect's code has been compiled."""
    _change_steadily(writer, list(flights))
    _wait_for_all(flights, reference, kafka, availability)


def _change_steadily(writer: Connection, row_ids: Sequence[UUID]) -> dict[UUID, tuple[float, float]]:
    """One commit a row at times fixed beforehand; between which two moments each was committed."""
    commits = {}
    began = time.monotonic()
    for number, row_id in enumerate(row_ids):
        time.sleep(max(0.0, began + number / CHANGES_A_SECOND - time.monotonic()))
        before = time.time()
        writer.execute(CHANGE_ONE, (row_id,))
        writer.commit()
        commits[row_id] = (before, time.time())
    return commits


def _wait_for_all(
    flights: dict[UUID, UUID],
    reference: recvlogical.Arrivals,
    kafka: InKafka,
    availability: InAvailability,
) -> None:
    deadline = time.monotonic() + ARRIVAL_LIMIT_SECONDS
    while True:
        missing = {
            "pg_recvlogical": sum(reference.of(row_id) is None for row_id in flights),
            "Kafka": sum(kafka.of(row_id) is None for row_id in flights),
            "live.availability": sum(availability.of(flight_id) is None for flight_id in flights.values()),
        }
        if not any(missing.values()):
            return
        if time.monotonic() > deadline:
            late = ", ".join(f"{count} in {where}" for where, count in missing.items() if count)
            raise BenchFailed(f"changes did not arrive within {ARRIVAL_LIMIT_SECONDS:.0f} s: {late}")
        time.sleep(POLL_SECONDS)


def _delays(
    commits: dict[UUID, tuple[float, float]],
    flights: dict[UUID, UUID],
    reference: recvlogical.Arrivals,
    kafka: InKafka,
    availability: InAvailability,
) -> Delays:
    found = Delays([], [], [])
    for row_id, (before, after) in commits.items():
        in_reference, in_kafka, announced = (
            reference.of(row_id),
            kafka.of(row_id),
            availability.of(flights[row_id]),
        )
        if in_reference is None or in_kafka is None or announced is None:
            raise BenchFailed(f"the change of {row_id} was seen and then not")
        committed, arrived = in_kafka
        if not before - CLOCK_GRAIN_SECONDS <= committed <= after + CLOCK_GRAIN_SECONDS:
            raise BenchFailed(f"the commit time of {row_id} lies outside its commit: the clocks disagree")
        found.recvlogical.append((in_reference - committed) * 1000)
        found.kafka.append((arrived - committed) * 1000)
        found.availability.append((announced - committed) * 1000)
    return found


def _in_words(delays: Delays) -> str:
    return ", ".join(
        f"{name} p50 {percentile(values, 0.5):.1f} p99 {percentile(values, 0.99):.1f} ms"
        for name, values in (
            ("pg_recvlogical", delays.recvlogical),
            ("Kafka", delays.kafka),
            ("availability", delays.availability),
        )
    )


def measure_drains(
    settings: StackSettings, writer: Connection, row_ids: Sequence[UUID], progress: Progress
) -> list[Drain]:
    """Let a backlog gather while the connector is stopped, and time each reader through it."""
    rounds = []
    for number in range(1, ROUNDS + 1):
        found = _drain(settings, writer, row_ids)
        rounds.append(found)
        progress(
            f"backlog of {DRAIN_CHANGES}, round {number} of {ROUNDS}: "
            f"pg_recvlogical {found.recvlogical:,.0f}/s, Debezium {found.kafka:,.0f}/s"
        )
    return rounds


def _drain(settings: StackSettings, writer: Connection, row_ids: Sequence[UUID]) -> Drain:
    with ConnectClient(ConnectSettings.from_environment(settings.environment()).connect_url) as connect:
        connect.stop()
        _wait_for_state(connect, "STOPPED")
        consumer = consumer_at_end(settings)
        try:
            with recvlogical.own_slot(settings):
                end = _write_backlog(writer, row_ids)
                reference = recvlogical.drain_seconds(settings, end)
            connect.resume()
            seconds = drain_seconds(consumer, DRAIN_CHANGES, DRAIN_LIMIT_SECONDS)
            _wait_for_state(connect, "RUNNING")
        finally:
            consumer.close()
    return Drain(DRAIN_CHANGES / reference, DRAIN_CHANGES / seconds)


def _write_backlog(writer: Connection, row_ids: Sequence[UUID]) -> str:
    """Make the backlog in small commits; the end of the log after it."""
    for start in range(0, DRAIN_CHANGES, CHANGES_A_COMMIT):
        first = start % len(row_ids)
        writer.execute(CHANGE_SOME, (list(row_ids[first : first + CHANGES_A_COMMIT]),))
        writer.commit()
    row = writer.execute("select pg_current_wal_lsn()::text").fetchone()
    writer.commit()
    if row is None:
        raise BenchFailed("Postgres does not say where its log ends")
    return str(row[0])


def _wait_for_state(connect: ConnectClient, state: str) -> None:
    deadline = time.monotonic() + STATE_LIMIT_SECONDS
    while True:
        status = connect.status()
        if status is not None and status["connector"]["state"] == state:
            return
        if time.monotonic() > deadline:
            raise BenchFailed(f"the connector was not {state} within {STATE_LIMIT_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def figures(delays: Sequence[Delays], drains: Sequence[Drain]) -> list[Figure]:
    """The figures of the bench; every ratio is taken inside one round."""

    def runs(values: Callable[[Delays], list[float]], share: float) -> tuple[float, ...]:
        return tuple(percentile(values(delay), share) for delay in delays)

    limit_p50 = Reference("pg_recvlogical_p50_ms", runs(lambda d: d.recvlogical, 0.5))
    limit_p99 = Reference("pg_recvlogical_p99_ms", runs(lambda d: d.recvlogical, 0.99))
    kafka_p99 = runs(lambda d: d.kafka, 0.99)
    over = tuple(ours / limit for ours, limit in zip(kafka_p99, limit_p99.runs, strict=True))
    share = tuple(drain.kafka / drain.recvlogical for drain in drains)
    limit_rate = Reference("pg_recvlogical_changes_per_s", tuple(drain.recvlogical for drain in drains))
    rate = tuple(drain.kafka for drain in drains)
    in_kafka_p50 = runs(lambda d: d.kafka, 0.5)
    announced_p50, announced_p99 = runs(lambda d: d.availability, 0.5), runs(lambda d: d.availability, 0.99)
    return [
        Figure("commit_to_kafka_p50_ms", "ms", "lower", in_kafka_p50, None, limit_p50),
        Figure("commit_to_kafka_p99_ms", "ms", "lower", kafka_p99, 100.0, limit_p99),
        Figure("commit_to_kafka_p99_over_pg_recvlogical", "x", "lower", over, 15.0, limit_p99),
        Figure("commit_to_availability_p50_ms", "ms", "lower", announced_p50, None, limit_p50),
        Figure("commit_to_availability_p99_ms", "ms", "lower", announced_p99, 150.0, limit_p99),
        Figure("drain_changes_per_s", "/s", "higher", rate, None, limit_rate),
        Figure("drain_over_pg_recvlogical", "x", "higher", share, 0.12, limit_rate),
    ]
