"""What the tests of the core share: a place to write departures, and its engine on one event loop."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from app.core.db import engine
from tests.app.departures import connect
from tests.databases import TestDatabase

Owner = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="session")
def owner(core_database: TestDatabase) -> Iterator[Owner]:
    with connect(core_database.conninfo("contrail_owner")) as connection:
        yield connection


@pytest.fixture(scope="session")
async def core(core_settings: Path) -> AsyncIterator[None]:
    yield
    await engine().dispose()
