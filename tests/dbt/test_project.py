"""The project on both engines: built step by step through Dagster, then anew, then on DuckDB."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster
import duckdb
import psycopg
import pytest

from orchestration.contracts import contracts
from orchestration.loading import load
from orchestration.publish import KEPT_VERSIONS, PublicationDiffers, check, publish, published_marts
from orchestration.raw import change_log
from orchestration.reconciliation import compare, record, source_snapshot
from orchestration.resources import Contrail, Settings, warehouse_connection
from orchestration.warehouse import dbt_environment, models
from tests.databases import TestDatabase
from tests.dbt import engines
from tests.orchestration.fixtures import make_settings, new_core, run_id
from tests.orchestration.lake import Change, Lake
from tests.orchestration.source import Captured

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]

MARTS = (
    "dim_date", "dim_airport", "dim_route", "fct_booking", "fct_coupon", "fct_departure_cabin",
    "fct_payment_attempt", "fct_fraud_signal",
)  # fmt: skip
OPS = ("ops_table_freshness", "ops_reconciliation", "ops_load", "ops_quarantine", "ops_publication")
INTERMEDIATE = (
    *(f"int_{contract.name}_current" for contract in contracts().values()),
    *(f"int_{name}_history" for name in ("bookings", "cabin_inventories", "flights")),
)

Rows = list[tuple[Any, ...]]


class FixedContrail(Contrail):
    """Hands out the test's settings."""

    def settings(self) -> Settings:
        return _settings[0]


_settings: list[Settings] = []


@dataclass(frozen=True)
class Built:
    """A warehouse built twice, the second time on what had changed."""

    settings: Settings
    folder: Path
    engine: engines.Engine
    first_run: dagster.ExecuteInProcessResult
    incremental: dict[str, Rows]


@pytest.fixture(scope="module")
def built(own_cluster: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Two loads and two builds: the first through Dagster, the second incremental."""
    settings = make_settings(own_cluster, tmp_path_factory.mktemp("home"))
    folder = tmp_path_factory.mktemp("dbt")
    engine = engines.postgres(settings, folder)
    _settings[:] = [settings]
    with new_core(own_cluster) as core, pytest.MonkeyPatch.context() as patch:
        for name, value in dbt_environment(settings).items():
            patch.setenv(name, value)
        captured, lake = Captured(core), Lake(settings.lake)
        snapshot = list(captured.snapshot())
        lake.land(*snapshot)
        first_run = _materialize()
        change(core, captured, lake, snapshot)
        load(settings, run_id())
        reconcile_now(settings)
        engine.build()
        incremental = {
            name: engines.warehouse_rows(settings, f"intermediate.{name}") for name in INTERMEDIATE
        }
        yield Built(settings, folder, engine, first_run, incremental)


def _materialize() -> dagster.ExecuteInProcessResult:
    with warnings.catch_warnings(), dagster.DagsterInstance.ephemeral() as instance:
        # dagster-dbt itself calls deprecated parts of dagster and dbt.
        warnings.simplefilter("ignore")
        return dagster.materialize(
            [change_log, models, published_marts], resources={"contrail": FixedContrail()}, instance=instance
        )


def change(core: psycopg.Connection[Any], captured: Captured, lake: Lake, snapshot: list[Change]) -> None:
    """Updates, a delete, a delete with re-insert, redelivered and late copies."""
    flights = contracts()["app.flights"]
    bookings = contracts()["app.bookings"]
    airlines = contracts()["app.airlines"]
    [flight] = captured.rows("app.flights", "id::text like '%301'")
    delayed = captured.change(flights, {**flight, "status": "delayed", "delay_minutes": 30}, "u", tx_id=70)
    core.execute("update app.flights set status = 'boarding', delay_minutes = 40 where id::text like '%301'")
    [flight] = captured.rows("app.flights", "id::text like '%301'")
    boarding = captured.change(flights, flight, "u", tx_id=70)
    lake.land(delayed, boarding, delayed, boarding)
    core.execute("update app.bookings set channel = 'agent', version = 2 where pnr = 'ABCDE4'")
    [booking] = captured.rows("app.bookings", "pnr = 'ABCDE4'")
    older = captured.change(bookings, {**booking, "channel": "partner"}, "u", tx_id=71)
    newer = captured.change(bookings, booking, "u", tx_id=72)
    lake.land(newer, older)
    core.execute("insert into app.airlines values ('ZZ', 'Back again', true)")
    [airline] = captured.rows("app.airlines", "code = 'ZZ'")
    lake.land(
        captured.change(airlines, {**airline, "name": "First time"}, "c", tx_id=73),
        captured.change(airlines, airline, "d", tx_id=74),
        captured.change(airlines, airline, "c", tx_id=75),
    )
    lake.land(*[row for row in snapshot if row.table in ("app.coupons", "app.flights")])


def reconcile_now(settings: Settings) -> None:
    with source_snapshot(settings) as source, warehouse_connection(settings) as warehouse:
        report = compare(source, warehouse, run_id())
        assert report.ok, report.to_dict()
        record(warehouse, report)


def test_dagster_builds_counts_and_publishes(built: Built) -> None:
    rows = {
        event.asset_key.path[-1]: event.materialization.metadata["dagster/row_count"].value
        for event in built.first_run.get_asset_materialization_events()
        if event.asset_key and event.asset_key.path[0] in ("marts", "raw", "published")
    }

    assert built.first_run.success
    assert rows["fct_booking"] == 3
    assert rows["fct_departure_cabin"] == 4
    assert rows["change_log"] == 79
    assert json.loads((built.settings.published / "current.json").read_text())["version"]


def test_changes_arrive_in_the_marts(built: Built) -> None:
    channels = dict(engines.warehouse_rows(built.settings, "marts.fct_booking", "pnr, channel"))
    statuses = dict(
        engines.warehouse_rows(
            built.settings, "marts.fct_departure_cabin", "departure_cabin_id, flight_status"
        )
    )
    airlines = engines.warehouse_rows(
        built.settings, "intermediate.int_airlines_current where not is_deleted", "code, name"
    )

    assert channels["ABCDE4"] == "agent"
    assert statuses["00000000-0000-7000-8000-000000000401"] == "boarding"
    assert airlines == [("UA", "United"), ("ZZ", "Back again")]


def test_history_has_one_version_per_transaction(built: Built) -> None:
    flight = engines.warehouse_rows(
        built.settings, "intermediate.int_flights_history where id like '%301'", "status, is_current"
    )

    assert flight == [("boarding", True), ("scheduled", False)]


def test_an_incremental_build_equals_a_full_one(built: Built) -> None:
    built.engine.build("--full-refresh", "--select", "path:models/intermediate", "--resource-type", "model")

    for name in INTERMEDIATE:
        assert engines.warehouse_rows(built.settings, f"intermediate.{name}") == built.incremental[name], name


def test_both_engines_build_the_same_marts(built: Built) -> None:
    """Unit tests, data tests and contracts run on DuckDB too: build fails when one does."""
    duck = engines.on_duckdb(built.settings, built.folder)

    duck.build()

    relations = [f"marts.{name}" for name in MARTS] + [f"ops.{name}" for name in OPS]
    for relation in relations:
        there = engines.warehouse_rows(built.settings, relation)
        assert engines.duckdb_rows(built.folder, relation) == there, relation
        assert there or relation == "ops.ops_quarantine", f"{relation} is empty"


def test_a_filter_on_keys_reaches_the_index_through_the_windows(built: Built) -> None:
    """What makes the incremental models cheap: without it every build reads the whole log."""
    with warehouse_connection(built.settings) as connection:
        connection.execute("set enable_seqscan = off")
        plan = connection.execute(
            "explain select * from staging.stg_bookings "
            "where pk = any(array(select 'x' union all select 'y'))"
        ).fetchall()

    conditions = [line for (line,) in plan if "Index Cond" in line and "pk = ANY" in line]
    assert conditions, plan


def test_a_new_version_is_published_beside_the_old_ones(built: Built) -> None:
    first = publish(built.settings)
    with duckdb.connect(str(first.path), read_only=True) as reader:
        versions = [publish(built.settings) for _ in range(KEPT_VERSIONS)]
        bookings = reader.execute("select count(*) from marts.fct_booking").fetchone()

    pointer = json.loads((built.settings.published / "current.json").read_text())
    kept = sorted(path.name for path in built.settings.published.glob("*.duckdb"))
    assert bookings == (3,)
    assert pointer["version"] == versions[-1].version
    assert pointer["path"] == versions[-1].path.name
    assert kept == [version.path.name for version in versions]
    with duckdb.connect(str(versions[-1].path), read_only=True) as reader:
        assert reader.execute("select max(version) from ops.ops_publication").fetchone() == (
            pointer["version"],
        )


def test_a_published_file_with_other_counts_is_refused(built: Built) -> None:
    publication = publish(built.settings)

    with pytest.raises(PublicationDiffers, match=r"marts\.fct_booking"):
        check(publication.path, {**publication.rows, "marts.fct_booking": 4})


def test_a_break_of_a_contract_fails_the_build(built: Built) -> None:
    """The negative control of the marts' contracts: a booking without a channel cannot be built."""
    with warehouse_connection(built.settings) as connection:
        connection.execute("update intermediate.int_bookings_current set channel = null where pnr = 'ABCDE4'")

    done = built.engine.dbt("run", "--select", "fct_booking")

    assert done.returncode == 1
    assert "null value in column" in done.stdout
