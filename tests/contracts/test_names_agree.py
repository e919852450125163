"""One name for one thing, from the table to the dashboard."""

import json
import re
from pathlib import Path

import psycopg
import pytest
import yaml

ROOT = Path(__file__).parents[2]


def captured() -> set[str]:
    from app.tables import CAPTURED

    return set(CAPTURED)


def published_tables() -> set[str]:
    """What is captured, the heartbeat and the one live table, as schema.table."""
    return {f"app.{table}" for table in captured()} | {"app.heartbeat", "live.fraud_signals"}


def test_every_model_is_captured_or_private() -> None:
    from sqlmodel import SQLModel

    from app.tables import CAPTURED, PRIVATE

    tables = {table.name for table in SQLModel.metadata.tables.values() if table.schema == "app"}

    assert set(CAPTURED).isdisjoint(PRIVATE)
    assert tables - {"heartbeat"} == (set(CAPTURED) | set(PRIVATE)) & tables
    assert set(CAPTURED) <= tables


@pytest.mark.postgres
def test_publication_holds_what_is_captured(core_database) -> None:  # type: ignore[no-untyped-def]
    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'contrail'"
        ).fetchall()

    assert {row[0] for row in rows} == published_tables()


@pytest.mark.postgres
def test_no_table_is_neither_captured_nor_private(core_database) -> None:  # type: ignore[no-untyped-def]
    from app.tables import CAPTURED, PRIVATE

    with psycopg.connect(core_database.conninfo("app_ro")) as connection:
        rows = connection.execute(
            "select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = 'app' and c.relkind in ('r', 'p') and not c.relispartition"
        ).fetchall()

    assert {row[0] for row in rows} - {"alembic_version", "heartbeat"} == set(CAPTURED) | set(PRIVATE)


def test_connector_lists_what_is_published() -> None:
    connector = json.loads((ROOT / "connect/connectors/app_postgres.json").read_text())

    listed = set(re.split(r"\s*,\s*", connector["table.include.list"].replace("\\", "")))

    assert listed == published_tables()


def test_topics_are_what_is_published() -> None:
    from pipelines.topics import CDC

    assert set(CDC) == {f"contrail.{table}" for table in published_tables()}


def test_contracts_and_staging_are_what_is_captured() -> None:
    contracts = json.loads((ROOT / "orchestration/contracts.json").read_text())
    staging = {path.stem.removeprefix("stg_") for path in (ROOT / "dbt/models/staging").rglob("stg_*.sql")}

    assert set(contracts) == captured() | {"fraud_signals"}
    assert staging == captured() | {"fraud_signals"}


def test_contracts_file_is_what_the_models_say() -> None:
    from app.tables import contracts

    assert json.loads((ROOT / "orchestration/contracts.json").read_text()) == contracts()


def test_dashboard_queries_are_the_exposures() -> None:
    from dashboards.queries import PAGE_RELATIONS

    exposures: dict[str, set[str]] = {}
    for path in (ROOT / "dbt/models").rglob("*.yml"):
        for exposure in (yaml.safe_load(path.read_text()) or {}).get("exposures", []):
            models = {re.sub(r"ref\(['\"](.+)['\"]\)", r"\1", entry) for entry in exposure["depends_on"]}
            exposures[exposure["name"]] = models

    asked = {page: {name.split(".")[-1] for name in relations} for page, relations in PAGE_RELATIONS.items()}
    assert asked == exposures
