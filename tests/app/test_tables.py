"""The models say what the migrated database says."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from sqlalchemy import Column, MetaData, Table, Text
from sqlmodel import SQLModel

from app.tables import CAPTURED, PRIVATE, contracts, postgres_type
from tests.databases import TestDatabase

COLUMNS = """
    select
        namespace.nspname || '.' || class.relname as "table",
        attribute.attname as "column",
        format_type(attribute.atttypid, attribute.atttypmod) as type,
        not attribute.attnotnull as nullable,
        coalesce(attribute.attnum = any(key.conkey), false) as is_key
    from pg_attribute as attribute
    join pg_class as class on class.oid = attribute.attrelid
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    left join pg_constraint as key on key.conrelid = class.oid and key.contype = 'p'
    where namespace.nspname = any(%s)
        and class.relkind in ('r', 'p')
        and not class.relispartition
        and attribute.attnum > 0
        and not attribute.attisdropped
    order by 1, attribute.attnum
"""

Columns = dict[str, list[tuple[str, str, bool, bool]]]


def migrated(database: TestDatabase) -> Columns:
    tables: Columns = {}
    with psycopg.connect(database.conninfo("contrail_owner"), row_factory=dict_row) as connection:
        for row in connection.execute(COLUMNS, [["app", "vault", "live"]]):
            described = (row["column"], row["type"], row["nullable"], row["is_key"])
            tables.setdefault(row["table"], []).append(described)
    return tables


def modelled(metadata: MetaData) -> Iterator[tuple[str, list[tuple[str, str, bool, bool]]]]:
    for table in metadata.tables.values():
        yield (
            f"{table.schema}.{table.name}",
            [
                (column.name, postgres_type(column), bool(column.nullable), column.primary_key)
                for column in table.columns
            ],
        )


@pytest.mark.postgres
def test_every_model_is_its_table_column_by_column(core_database: TestDatabase) -> None:
    database = migrated(core_database)

    different = {
        name: (columns, database.get(name))
        for name, columns in modelled(SQLModel.metadata)
        if columns != database.get(name)
    }

    assert different == {}


@pytest.mark.postgres
def test_every_table_of_app_and_vault_has_its_model(core_database: TestDatabase) -> None:
    tables = {name for name in migrated(core_database) if not name.startswith("live.")}

    without_model = tables - {name for name, _ in modelled(SQLModel.metadata)} - {"app.alembic_version"}

    assert without_model == set()


@pytest.mark.postgres
def test_a_wrong_model_would_be_found(core_database: TestDatabase) -> None:
    metadata = MetaData()
    Table("airlines", metadata, Column("code", Text, primary_key=True), schema="app")

    (name, columns), *_ = modelled(metadata)

    assert columns != migrated(core_database)[name]


def test_captured_and_private_are_the_tables_of_app() -> None:
    tables = {table.name for table in SQLModel.metadata.tables.values() if table.schema == "app"}

    assert tables == {*CAPTURED, *PRIVATE, "heartbeat"}
    assert set(CAPTURED).isdisjoint(PRIVATE)


@pytest.mark.postgres
def test_contracts_are_the_captured_tables_of_the_database(core_database: TestDatabase) -> None:
    database = migrated(core_database)
    schemas: dict[str, Any] = {"fraud_signals": "live"}

    for name, contract in contracts().items():
        columns = database[f"{schemas.get(name, 'app')}.{name}"]
        assert contract["columns"] == [
            {"name": column, "type": kind, "nullable": nullable} for column, kind, nullable, _ in columns
        ]
        assert sorted(contract["primary_key"]) == sorted(column for column, _, _, is_key in columns if is_key)
    assert set(contracts()) == {*CAPTURED, "fraud_signals"}


def test_contracts_are_printed_as_the_file_has_them() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "app.tables"], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    with open("orchestration/contracts.json", encoding="utf-8") as file:
        assert printed == file.read()
