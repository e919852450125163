"""A cluster of their own for the warehouse's tests: they commit to the core and rebuild warehouses."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deploy.local.postgres import core_cluster, superuser_dsn
from orchestration.resources import Settings
from tests.databases import HOST, TestDatabase, free_port
from tests.orchestration.lake import Lake
from tests.orchestration.source import Captured

SEED = Path(__file__).with_name("seed.sql")


@pytest.fixture(scope="session")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    """A migrated core with a few rows in every captured table, and the role warehouse."""
    home = tmp_path_factory.mktemp("warehouse")
    port = free_port()
    with core_cluster(home, port):
        core = TestDatabase("core", "contrail", home, port)
        with psycopg.connect(_superuser(core), autocommit=True) as connection:
            password = (home / "secrets" / "warehouse_password").read_text().strip()
            connection.execute(sql.SQL("create role warehouse login password {}").format(password))
        with psycopg.connect(_superuser(core, "contrail")) as connection:
            connection.execute(SEED.read_bytes())
        with psycopg.connect(_superuser(core), autocommit=True) as connection:
            connection.execute("create database seeded template contrail owner contrail_owner")
        yield core


@pytest.fixture
def settings(own_cluster: TestDatabase, tmp_path: Path) -> Settings:
    """An empty warehouse and an empty home, both new; the core as it is."""
    return make_settings(own_cluster, tmp_path)


def make_settings(cluster: TestDatabase, home: Path) -> Settings:
    """Make the warehouse anew, under the name that the cluster lets its role into."""
    _make_database(cluster, "warehouse", "owner warehouse")
    return Settings(
        home=home,
        warehouse_dsn=_dsn(cluster, "warehouse", "warehouse"),
        core_dsn=_dsn(cluster, "contrail", "app_ro"),
        heartbeat_dsn=_dsn(cluster, "contrail", "cdc"),
        kafka=f"{HOST}:1",
    )


@contextmanager
def new_core(cluster: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    """Make the core anew with the seed's rows, and connect as the role that may change them."""
    _make_database(cluster, "contrail", "template seeded owner contrail_owner")
    with psycopg.connect(_dsn(cluster, "contrail", "app_rw"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def lake(settings: Settings) -> Lake:
    """The empty lake of `settings`."""
    return Lake(settings.lake)


@pytest.fixture
def core(own_cluster: TestDatabase) -> Iterator[psycopg.Connection[Any]]:
    """A new core with the seed's rows, which may be changed."""
    with new_core(own_cluster) as connection:
        yield connection


@pytest.fixture
def captured(core: psycopg.Connection[Any]) -> Captured:
    """Tells the core's rows as changes."""
    return Captured(core)


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """A connection to the warehouse, with its raw tables."""
    from orchestration.resources import warehouse_connection

    with warehouse_connection(settings) as connection:
        yield connection


def run_id() -> str:
    """A run id that no other test uses."""
    return secrets.token_hex(4)


def _make_database(cluster: TestDatabase, name: str, options: str) -> None:
    with psycopg.connect(_superuser(cluster), autocommit=True) as connection:
        connection.execute(f"drop database if exists {name} with (force)".encode())
        connection.execute(f"create database {name} {options}".encode())


def _superuser(database: TestDatabase, name: str = "postgres") -> str:
    return make_conninfo(superuser_dsn(database.home, "core", HOST, database.port), dbname=name)


def _dsn(cluster: TestDatabase, database: str, role: str) -> str:
    password = (cluster.home / "secrets" / f"{role}_password").read_text().strip()
    return make_conninfo(host=HOST, port=cluster.port, dbname=database, user=role, password=password)
