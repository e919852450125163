"""What the tests share: a real Postgres, migrated once a session, and the core's program on top of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from psycopg import sql

from deploy.local.postgres import core_cluster, core_environment, superuser_dsn
from tests.databases import HOST, TestDatabase, free_port

pytest_plugins = ["tests.stack", "tests.closing_lines"]

# How long an example takes to make tells of a busy machine, not of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def core_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabase]:
    """The database `contrail`: roles made, migrations run, no rows but those the migrations bring."""
    home = tmp_path_factory.mktemp("contrail")
    port = free_port()
    with core_cluster(home, port):
        yield TestDatabase("core", "contrail", home, port)


@pytest.fixture(scope="session")
def warehouse_database(core_database: TestDatabase) -> TestDatabase:
    """An empty database `warehouse`, owned by the role warehouse, on the session's one cluster."""
    home, port = core_database.home, core_database.port
    password = (home / "secrets" / "warehouse_password").read_text().strip()
    with psycopg.connect(superuser_dsn(home, "core", HOST, port), autocommit=True) as connection:
        connection.execute(sql.SQL("create role warehouse login password {}").format(password))
        connection.execute("create database warehouse owner warehouse")
    return TestDatabase("warehouse", "warehouse", home, port)


@pytest.fixture(scope="session")
def core_settings(core_database: TestDatabase) -> Iterator[Path]:
    """The environment by which app/ finds the session's database, as the sandbox; gives CONTRAIL_HOME."""
    from app.core.config import get_settings

    with pytest.MonkeyPatch.context() as patch:
        for name, value in core_environment(core_database.home, core_database.port).items():
            patch.setenv(name, value)
        # A whole suite asks from one address; the limits have tests of their own.
        patch.setenv("CONTRAIL_RATE_LIMIT_FACTOR", "10000")
        # Tests write flights and look for them in the next line; those of the memory wait until it knows.
        patch.setenv("CONTRAIL_DEPARTURES_IN_MEMORY", "false")
        get_settings.cache_clear()
        yield core_database.home
    get_settings.cache_clear()


@pytest.fixture(scope="session")
async def application(core_settings: Path) -> AsyncIterator[FastAPI]:
    """The core's program, started. One event loop serves the session, since its connections belong to one."""
    from app.main import app

    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A caller of the API. What the program raises reaches it as the answer a real caller would get."""
    transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://contrail.test") as caller:
        yield caller
