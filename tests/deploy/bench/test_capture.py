"""The capture bench: its arithmetic, its reference on a real Postgres, and a short run on real parts."""

import time
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from deploy.bench import capture, recvlogical
from deploy.bench.capture import Delays, Drain, figures
from deploy.bench.runner import Options
from deploy.local.settings import StackSettings
from tests.databases import TestDatabase

PROMISED = {
    "commit_to_kafka_p99_ms": (100.0, "lower"),
    "commit_to_kafka_p99_over_pg_recvlogical": (15.0, "lower"),
    "commit_to_availability_p99_ms": (150.0, "lower"),
    "drain_over_pg_recvlogical": (0.12, "higher"),
}
WAIT_LIMIT_SECONDS = 20


def test_every_promised_figure_is_measured_against_its_goal() -> None:
    found = {figure.name: figure for figure in figures([Delays([1.0], [10.0], [20.0])], [Drain(100.0, 20.0)])}

    assert {name: (found[name].goal, found[name].better) for name in PROMISED} == PROMISED
    assert all(figure.reference is not None for figure in found.values())


def test_ratios_are_taken_inside_a_round() -> None:
    """A round on a busy machine is slow for both; dividing medians of all rounds would mix them."""
    delays = [Delays([1.0], [10.0], [10.0]), Delays([10.0], [100.0], [100.0]), Delays([2.0], [20.0], [20.0])]
    drains = [Drain(100.0, 20.0), Drain(10.0, 2.0), Drain(1000.0, 200.0)]

    found = {figure.name: figure for figure in figures(delays, drains)}

    assert found["commit_to_kafka_p99_over_pg_recvlogical"].runs == (10.0, 10.0, 10.0)
    assert found["drain_over_pg_recvlogical"].runs == pytest.approx((0.2, 0.2, 0.2))


@pytest.mark.postgres
def test_reference_reads_the_publication_and_leaves_no_slot(core_database: TestDatabase) -> None:
    settings = StackSettings.from_environment(
        {"CONTRAIL_CORE_PORT": str(core_database.port)}, core_database.home
    )
    with psycopg.connect(core_database.conninfo("app_rw")) as writer, recvlogical.own_slot(settings):
        fares = [row[0] for row in writer.execute("select id from app.fare_products").fetchall()]
        before = time.time()
        writer.execute("update app.fare_products set brand = brand")
        writer.commit()
        end = writer.execute("select pg_current_wal_lsn()::text").fetchone()
        assert end is not None
        assert recvlogical.drain_seconds(settings, end[0]) >= 0

        arrivals = recvlogical.Arrivals(settings)
        try:
            writer.execute("update app.fare_products set brand = brand")
            writer.commit()
            wait_for(lambda: all(arrivals.of(UUID(str(fare))) is not None for fare in fares))
            assert (arrivals.of(UUID(str(fares[0]))) or 0) >= before
        finally:
            arrivals.stop()

    with psycopg.connect(core_database.conninfo("cdc")) as reader:
        assert reader.execute(
            "select count(*) from pg_replication_slots where slot_name = %s", (recvlogical.SLOT,)
        ).fetchone() == (0,)


@pytest.mark.stack
@pytest.mark.drill
def test_short_run_on_real_parts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One round of each; the figures of so short a run mean nothing, that they are there does."""
    monkeypatch.setattr(capture, "ROUNDS", 1)
    monkeypatch.setattr(capture, "CABINS", 100)
    monkeypatch.setattr(capture, "DRAIN_CHANGES", 2_000)

    found = capture.measure(print, Options())

    assert {figure.name for figure in found} >= PROMISED.keys()
    assert all(figure.value > 0 for figure in found)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
