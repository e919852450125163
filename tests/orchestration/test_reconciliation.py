"""Equal is equal while writers run, and one row missing, extra or different is found."""

from typing import Any

import psycopg
import pytest

from orchestration.contracts import contracts
from orchestration.loading import load
from orchestration.reconciliation import Report, TableResult, compare, record, source_snapshot
from orchestration.resources import Settings
from orchestration.snapshots import Snapshot
from tests.orchestration.fixtures import run_id
from tests.orchestration.lake import Lake
from tests.orchestration.source import Captured

pytestmark = pytest.mark.postgres

ROUTE = "00000000-0000-7000-8000-000000000101"


@pytest.fixture
def loaded(settings: Settings, lake: Lake, captured: Captured) -> Settings:
    """A warehouse that holds the core's first snapshot."""
    lake.land(*captured.snapshot())
    assert load(settings, run_id()).quarantined == []
    return settings


def reconciled(settings: Settings, warehouse: psycopg.Connection[Any]) -> Report:
    with source_snapshot(settings) as source:
        return compare(source, warehouse, run_id())


def wrong(report: Report) -> dict[str, tuple[int, int, int]]:
    return {r.table: (r.missing, r.extra, r.different) for r in report.tables if not r.ok}


def test_every_captured_table_equals_its_source(loaded: Settings, warehouse: psycopg.Connection[Any]) -> None:
    report = reconciled(loaded, warehouse)

    assert wrong(report) == {}
    assert report.ok
    assert {result.table for result in report.tables} == {c.name for c in contracts().values()}
    assert all(result.source_rows > 0 for result in report.tables)


def test_a_missing_an_extra_and_a_different_row_are_found(
    loaded: Settings, warehouse: psycopg.Connection[Any]
) -> None:
    warehouse.execute("delete from raw.change_log where src_table = 'app.airlines'")
    warehouse.execute(
        "update raw.change_log set after = jsonb_set(after, '{distance_km}', '4153') "
        "where src_table = 'app.routes' and after ->> 'id' = %s",
        [ROUTE],
    )
    warehouse.execute(
        """
        update raw.change_log set pk = '{"code":"LAX"}', after = jsonb_set(after, '{code}', '"LAX"')
        where src_table = 'app.airports' and after ->> 'code' = 'SFO'
        """
    )

    report = reconciled(loaded, warehouse)

    assert not report.ok
    assert wrong(report) == {"airlines": (1, 0, 0), "routes": (0, 0, 1), "airports": (1, 1, 0)}
    assert report.to_dict()["ok"] is False
    [routes] = [result for result in report.tables if result.table == "routes"]
    assert routes.keys == (f"({ROUTE})",)


def test_what_commits_after_the_snapshot_is_left_out_though_it_is_loaded(
    loaded: Settings,
    lake: Lake,
    captured: Captured,
    core: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
) -> None:
    contract = contracts()["app.routes"]
    with source_snapshot(loaded) as source:
        with core.transaction():
            core.execute("update app.routes set distance_km = 1")
            [(tx_id,)] = core.execute("select pg_current_xact_id()::text::bigint % 4294967296").fetchall()
        lake.land(*[captured.change(contract, row, "u", tx_id=tx_id) for row in captured.rows("app.routes")])
        load(loaded, run_id())

        before = compare(source, warehouse, run_id())

    assert wrong(before) == {}
    assert wrong(reconciled(loaded, warehouse)) == {}


def test_a_deleted_row_is_gone_on_both_sides(
    loaded: Settings,
    lake: Lake,
    captured: Captured,
    core: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
) -> None:
    contract = contracts()["app.routes"]
    [row] = captured.rows("app.routes", f"id = '{ROUTE}'")
    core.execute("delete from app.routes where id = %s", [ROUTE])

    assert wrong(reconciled(loaded, warehouse)) == {"routes": (0, 1, 0)}

    lake.land(captured.change(contract, row, "d"))
    load(loaded, run_id())

    assert wrong(reconciled(loaded, warehouse)) == {}


def test_an_untouched_wide_value_is_taken_from_the_version_before(
    loaded: Settings,
    lake: Lake,
    captured: Captured,
    core: psycopg.Connection[Any],
    warehouse: psycopg.Connection[Any],
) -> None:
    contract = contracts()["app.aircraft_types"]
    core.execute("update app.aircraft_types set seats = 151")
    [row] = captured.rows("app.aircraft_types")
    lake.land(captured.change(contract, {**row, "cabins": "__debezium_unavailable_value"}, "u"))
    load(loaded, run_id())

    assert wrong(reconciled(loaded, warehouse)) == {}


def test_the_sql_sees_what_the_snapshot_sees(settings: Settings, warehouse: psycopg.Connection[Any]) -> None:
    [(now,)] = warehouse.execute("select now()").fetchall()
    snapshots = [
        Snapshot(10, 20, (10, 14), now),
        Snapshot(2**32 + 5, 2**32 + 9, (2**32 + 6,), now),
        Snapshot(2**32 + 5, 2**32 + 5, (), now),
    ]
    numbers = [1, 2, 4, 5, 6, 7, 8, 9, 10, 13, 14, 19, 20, 21, 2**31, 2**31 + 6, 2**32 - 1]
    for snapshot in snapshots:
        rows = warehouse.execute(
            f"""
            select tx_id from unnest(%s::bigint[]) as t (tx_id)
            cross join (select false as is_snapshot, %s::timestamptz as source_ts) as row
            where {snapshot.predicate().replace("%", "%%")}
            """.encode(),
            [numbers, now],
        ).fetchall()

        assert [row[0] for row in rows] == [number for number in numbers if snapshot.sees(number, now)]


def test_what_was_found_is_recorded(settings: Settings, warehouse: psycopg.Connection[Any]) -> None:
    [(now,)] = warehouse.execute("select now()").fetchall()
    report = Report("r1", Snapshot(1, 2, (), now), [TableResult("routes", 5, missing=1)])

    record(warehouse, report)

    assert warehouse.execute("select is_ok from ops.reconciliation_run").fetchall() == [(False,)]
    assert warehouse.execute(
        "select table_name, source_rows, missing, extra, different from ops.reconciliation_table"
    ).fetchall() == [("routes", 5, 1, 0, 0)]
