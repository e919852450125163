"""Owns the proof that the warehouse equals its source to the row, taken while writers run."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dagster
import psycopg

from orchestration.arrival import wait_for_everything_committed
from orchestration.contracts import TableContract, contracts
from orchestration.digests import SESSION, by_bucket, folded_rows, in_buckets, source_rows
from orchestration.loading import load
from orchestration.resources import Contrail, Settings, warehouse_connection
from orchestration.snapshots import Snapshot

# The source's transaction stays open while landing and loading catch up, so that a bucket that differs
# can be opened; the limits end it when something hangs.
SOURCE_LIMITS = "set statement_timeout = '300s'; set idle_in_transaction_session_timeout = '900s'"

SAMPLE_KEYS = 20

Buckets = dict[int, tuple[int, str]]


@dataclass(frozen=True)
class TableResult:
    """What comparing one table found; `keys` names up to SAMPLE_KEYS of what is wrong."""

    table: str
    source_rows: int
    missing: int = 0
    extra: int = 0
    different: int = 0
    keys: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not (self.missing or self.extra or self.different)


@dataclass(frozen=True)
class Report:
    """What comparing the warehouse with its source found."""

    reconciliation_id: str
    snapshot: Snapshot
    tables: list[TableResult]

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of `contrail reconcile --json`."""
        tables = [
            {"table": r.table, "missing": r.missing, "extra": r.extra, "different": r.different}
            for r in self.tables
        ]
        return {"tables": tables, "ok": self.ok}


@dataclass
class Source:
    """The core as one snapshot sees it, in a transaction that is still open."""

    connection: psycopg.Connection[Any]
    snapshot: Snapshot
    buckets: dict[str, Buckets] = field(default_factory=dict)


def reconcile(settings: Settings | None = None, run_id: str | None = None) -> Report:
    """Compare every captured table with the core and record what was found.

    Takes a snapshot of the core, waits until all it holds has landed, loads, and folds only what the
    snapshot sees. Raises NothingArrives when capture or landing stand still.
    """
    settings = settings or Settings.from_env()
    reconciliation_id = str(uuid.uuid4())
    with source_snapshot(settings) as source:
        wait_for_everything_committed(settings)
        load(settings, run_id or f"reconcile-{reconciliation_id}")
        with warehouse_connection(settings) as warehouse:
            report = compare(source, warehouse, reconciliation_id)
            record(warehouse, report)
    return report


@contextmanager
def source_snapshot(settings: Settings) -> Iterator[Source]:
    """Digest every captured table of the core in one read-only transaction, which stays open inside."""
    with psycopg.connect(settings.core_dsn, autocommit=True) as connection:
        connection.execute(SESSION)
        connection.execute(SOURCE_LIMITS)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with connection.transaction():
            row = connection.execute("select pg_current_snapshot()::text, clock_timestamp()").fetchone()
            assert row is not None, "a select without from has a row"
            source = Source(connection, Snapshot.parse(row[0], row[1]))
            for contract in contracts().values():
                source.buckets[contract.source] = _buckets(connection, source_rows(contract))
            yield source


def compare(source: Source, warehouse: psycopg.Connection[Any], reconciliation_id: str) -> Report:
    """Fold the change log as of the source's snapshot and compare it bucket by bucket."""
    warehouse.execute(SESSION)
    tables = [_compare_table(source, warehouse, contract) for contract in contracts().values()]
    return Report(reconciliation_id, source.snapshot, tables)


def record(warehouse: psycopg.Connection[Any], report: Report) -> None:
    """Keep what was found, for the dashboard and for the tests that need to know what is complete."""
    with warehouse.transaction(), warehouse.cursor() as cursor:
        cursor.execute(
            "insert into ops.reconciliation_run (reconciliation_id, snapshot, snapshot_at, is_ok) "
            "values (%s, %s, %s, %s)",
            [report.reconciliation_id, str(report.snapshot), report.snapshot.taken_at, report.ok],
        )
        cursor.executemany(
            "insert into ops.reconciliation_table values (%s, %s, %s, %s, %s, %s)",
            [
                (report.reconciliation_id, r.table, r.source_rows, r.missing, r.extra, r.different)
                for r in report.tables
            ],
        )


def _compare_table(
    source: Source, warehouse: psycopg.Connection[Any], contract: TableContract
) -> TableResult:
    folded = folded_rows(contract, source.snapshot)
    here = source.buckets[contract.source]
    there = _buckets(warehouse, folded)
    total = sum(count for count, _ in here.values())
    unequal = sorted(bucket for bucket in here.keys() | there.keys() if here.get(bucket) != there.get(bucket))
    if not unequal:
        return TableResult(contract.name, total)
    expected = _keys(source.connection, source_rows(contract), unequal)
    found = _keys(warehouse, folded, unequal)
    missing = expected.keys() - found.keys()
    extra = found.keys() - expected.keys()
    different = {key for key in expected.keys() & found.keys() if expected[key] != found[key]}
    sample = tuple(sorted(missing | extra | different)[:SAMPLE_KEYS])
    return TableResult(contract.name, total, len(missing), len(extra), len(different), sample)


def _buckets(connection: psycopg.Connection[Any], rows: str) -> Buckets:
    return {bucket: (count, digest) for bucket, count, digest in connection.execute(by_bucket(rows).encode())}


def _keys(connection: psycopg.Connection[Any], rows: str, buckets: list[int]) -> dict[str, int]:
    return dict(connection.execute(in_buckets(rows.replace("%", "%%")).encode(), [buckets]).fetchall())


@dagster.asset_check(
    asset=dagster.AssetKey(["raw", "change_log"]),
    name="equals_source",
    blocking=True,
    description="Every captured table equals its source to the row, as of one snapshot of the source.",
)
def equals_source(
    context: dagster.AssetCheckExecutionContext, contrail: Contrail
) -> dagster.AssetCheckResult:
    """Nothing is built or published from a warehouse that differs from its source."""
    report = reconcile(contrail.settings(), context.run.run_id)
    wrong = [result for result in report.tables if not result.ok]
    return dagster.AssetCheckResult(
        passed=report.ok,
        metadata={
            "tables": len(report.tables),
            "source_rows": sum(result.source_rows for result in report.tables),
            "missing": sum(result.missing for result in report.tables),
            "extra": sum(result.extra for result in report.tables),
            "different": sum(result.different for result in report.tables),
            "snapshot": str(report.snapshot),
            "keys": dagster.MetadataValue.json({result.table: list(result.keys) for result in wrong}),
        },
    )
