"""A core cluster of the demo's own, and a fresh copy of its empty database for each test."""

from collections.abc import Iterator

import psycopg
import pytest

from deploy.local.postgres import core_cluster, superuser_dsn
from tests.databases import HOST, TestDatabase, free_port


@pytest.fixture(scope="session")
def demo_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    """Apart from the session's own cluster: a schedule of thousands of flights is nobody else's business."""
    home = tmp_path_factory.mktemp("demo")
    port = free_port()
    with core_cluster(home, port):
        with psycopg.connect(superuser_dsn(home, "core", HOST, port), autocommit=True) as connection:
            connection.execute("alter database contrail rename to migrated")
        yield TestDatabase("core", "contrail", home, port)


@pytest.fixture
def demo_database(demo_cluster: TestDatabase) -> Iterator[TestDatabase]:
    """The database `contrail` with no rows but those of the migrations; dropped when the test ends."""
    dsn = superuser_dsn(demo_cluster.home, "core", HOST, demo_cluster.port)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create database contrail template migrated owner contrail_owner")
        connection.execute("revoke temporary on database contrail from public")
        yield demo_cluster
        connection.execute("drop database contrail with (force)")
