"""Owns the published marts: a new DuckDB file per version, and a pointer replaced last."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster
import duckdb

from orchestration.resources import Contrail, Settings, duckdb_with_warehouse, only_writer
from orchestration.warehouse import models

SCHEMAS = ("marts", "ops")
OPS_PREFIX = "ops_"  # the schema also holds what checks write, which stays in the warehouse
KEPT_VERSIONS = 3
POINTER = "current.json"


class PublicationDiffers(Exception):
    """The file that was written does not hold what the warehouse holds."""


@dataclass(frozen=True)
class Publication:
    """One published version."""

    version: str
    path: Path
    rows: dict[str, int]
    max_source_ts: datetime | None


def publish(settings: Settings) -> Publication:
    """Copy marts and ops into a new file, check it, and point to it; readers of the old file go on."""
    now = datetime.now(UTC)
    version = now.strftime("%Y%m%dT%H%M%S%f")
    path = settings.published / f"marts_{version}.duckdb"
    unfinished = path.with_suffix(".unfinished")
    settings.published.mkdir(parents=True, exist_ok=True)
    with only_writer(settings, "build") as connection:
        rows, max_source_ts = _copy(settings, unfinished, version, now)
        check(unfinished, rows)
        os.replace(unfinished, path)
        _point_to(settings.published, path, version, now, max_source_ts)
        connection.execute(
            "insert into ops.publication (version, file_name, published_at, max_source_ts) "
            "values (%s, %s, %s, %s)",
            [version, path.name, now, max_source_ts],
        )
        _prune(settings.published)
    return Publication(version, path, rows, max_source_ts)


def _copy(
    settings: Settings, path: Path, version: str, now: datetime
) -> tuple[dict[str, int], datetime | None]:
    """Copy every table in one transaction of the warehouse. Returns the rows it holds, by table."""
    path.unlink(missing_ok=True)
    rows: dict[str, int] = {}
    with duckdb_with_warehouse(settings, str(path)) as engine:
        engine.execute("begin")
        for schema, table in _tables(engine):
            engine.execute(f"create schema if not exists {schema}")
            engine.execute(f"create table {schema}.{table} as select * from wh.{schema}.{table}")
            rows[f"{schema}.{table}"] = _count(engine, f"wh.{schema}.{table}")
        newest = engine.execute("select max(max_source_ts) from ops.ops_table_freshness").fetchone()
        max_source_ts: datetime | None = newest[0] if newest else None
        engine.execute("insert into ops.ops_publication values (?, ?, ?)", [version, now, max_source_ts])
        rows["ops.ops_publication"] += 1
        engine.execute("commit")
    return rows, max_source_ts


def _tables(engine: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    found = engine.execute(
        """
        select table_schema, table_name from information_schema.tables
        where table_catalog = 'wh' and (
            table_schema = 'marts' or (table_schema = 'ops' and starts_with(table_name, $prefix))
        )
        order by all
        """,
        {"prefix": OPS_PREFIX},
    ).fetchall()
    return [(schema, table) for schema, table in found]


def check(path: Path, expected: dict[str, int]) -> None:
    """Open the file as its readers will, and count."""
    with duckdb.connect(str(path), read_only=True) as engine:
        found = {table: _count(engine, table) for table in expected}
    if found != expected:
        wrong = sorted(table for table in expected if found[table] != expected[table])
        raise PublicationDiffers(f"{path.name} holds other counts than the warehouse: {', '.join(wrong)}")


def _count(engine: duckdb.DuckDBPyConnection, table: str) -> int:
    row = engine.execute(f"select count(*) from {table}").fetchone()
    assert row is not None, "count always has a row"
    return int(row[0])


def _point_to(folder: Path, path: Path, version: str, now: datetime, max_source_ts: datetime | None) -> None:
    pointer = {
        "version": version,
        "path": path.name,
        "published_at": now.isoformat(),
        "max_source_ts": max_source_ts.isoformat() if max_source_ts else None,
    }
    unfinished = folder / f"{POINTER}.unfinished"
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(pointer, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, folder / POINTER)


def _prune(folder: Path) -> None:
    """Keep the newest versions; a process that has an older one open keeps reading it."""
    for old in sorted(folder.glob("marts_*.duckdb"))[:-KEPT_VERSIONS]:
        old.unlink()


@dagster.asset(
    key=["published", "marts"],
    deps=[key for key in models.keys if key.path[0] in SCHEMAS],
    group_name="published",
    kinds={"duckdb"},
    owners=["team:analytics"],
    tags={"layer": "published"},
    description="The marts as one read-only DuckDB file, for dashboards and analysts.",
    pool="warehouse_build",
)
def published_marts(contrail: Contrail) -> dagster.MaterializeResult[None]:
    """Publish a new version."""
    publication = publish(contrail.settings())
    return dagster.MaterializeResult(
        metadata={
            "version": publication.version,
            "dagster/row_count": sum(publication.rows.values()),
            "bytes": publication.path.stat().st_size,
            "rows": dagster.MetadataValue.json(publication.rows),
        }
    )
