"""Runs the dbt project on one of its two engines, and copies a warehouse's raw tables to DuckDB."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from orchestration.resources import REPOSITORY, Settings, duckdb_with_warehouse
from orchestration.warehouse import dbt_environment

PROJECT = REPOSITORY / "dbt"
DBT_TIMEOUT_SECONDS = 480
SOURCES = {
    "raw": ("change_log", "load_manifest", "quarantine"),
    "ops": ("reconciliation_run", "reconciliation_table", "publication"),
}
DOCUMENTS = "replace (cast(before as json) as before, cast(after as json) as after)"


@dataclass(frozen=True)
class Engine:
    """One target of the project, with its own target path."""

    target: str
    environment: dict[str, str]
    target_path: Path

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt; the caller looks at the return code."""
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")),
                *arguments,
                *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", self.target),
                *("--target-path", str(self.target_path), "--log-path", str(self.target_path / "logs")),
            ],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=DBT_TIMEOUT_SECONDS,
            check=False,
        )

    def build(self, *arguments: str) -> None:
        """Build and test; fails with dbt's own words."""
        done = self.dbt("build", "--quiet", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


def postgres(settings: Settings, folder: Path) -> Engine:
    """The project on the warehouse."""
    return Engine("warehouse", dbt_environment(settings), folder / "target_warehouse")


def on_duckdb(settings: Settings, folder: Path) -> Engine:
    """The project on a DuckDB file that holds the warehouse's raw tables."""
    file = folder / "contrail.duckdb"
    file.unlink(missing_ok=True)
    with duckdb_with_warehouse(settings, str(file)) as engine:
        for schema, tables in SOURCES.items():
            engine.execute(f"create schema if not exists {schema}")
            for table in tables:
                columns = f"* {DOCUMENTS}" if table == "change_log" else "*"
                engine.execute(f"create table {schema}.{table} as select {columns} from wh.{schema}.{table}")
    environment = {"DBT_DUCKDB_PATH": str(file), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    return Engine("duckdb", environment, folder / "target_duckdb")


def duckdb_rows(folder: Path, relation: str) -> list[tuple[Any, ...]]:
    """Every row of a relation of the DuckDB build, sorted."""
    with duckdb.connect(str(folder / "contrail.duckdb"), read_only=True) as engine:
        engine.execute("set timezone = 'UTC'")
        return _sorted(engine.execute(f"select * from {relation}").fetchall())


def warehouse_rows(settings: Settings, relation: str, columns: str = "*") -> list[tuple[Any, ...]]:
    """Every row of a relation of the warehouse, sorted."""
    with psycopg.connect(settings.warehouse_dsn) as connection:
        connection.execute("set timezone = 'UTC'")
        return _sorted(connection.execute(f"select {columns} from {relation}".encode()).fetchall())


def _sorted(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: tuple(map(str, row)))
