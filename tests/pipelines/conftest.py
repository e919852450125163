"""A real broker for the flows' tests, and live tables that each test finds empty."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pipelines import topics
from pipelines.config import Settings
from pipelines.postgres import LiveDatabase
from tests.databases import TestDatabase

LIVE_TABLES = ("availability", "fraud_signals", "fraud_scores", "notification_requests")


@pytest.fixture
def live_dsn(core_database: TestDatabase) -> str:
    """The role of the flows on a real Postgres whose live tables are empty."""
    dsn = core_database.conninfo("live_rw")
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in LIVE_TABLES:
            connection.execute(f"delete from live.{table}")
    return dsn


@pytest.fixture
def live_database(live_dsn: str) -> Iterator[LiveDatabase]:
    """A flow's connection to those tables."""
    database = LiveDatabase(live_dsn, "test")
    yield database
    database.close()


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker of the tests' own with every topic of the list; gives settings that reach it."""
    from deploy.local import kafka as broker
    from deploy.local import probes
    from deploy.local.jars import ensure_jars
    from deploy.local.settings import StackSettings, free_ports
    from tests.stack import wait_until

    home = tmp_path_factory.mktemp("broker")
    stack = StackSettings.from_environment(free_ports(), home)
    ensure_jars(print)
    broker.prepare_broker(stack)
    with (home / "broker.log").open("wb") as log:
        process = subprocess.Popen(broker.broker_command(stack), stdout=log, stderr=log, cwd=home)
    try:
        wait_until("the broker", lambda: probes.kafka(stack), 60)
        settings = Settings(home=home, kafka_port=stack.ports.kafka, metrics_port=stack.ports.metrics)
        topics.ensure(settings)
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=30)


def flow_environment(settings: Settings, database: TestDatabase, home: Path) -> dict[str, str]:
    """The environment of a flow of the tests' own, with a home to itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONTRAIL_")}
    return kept | {
        "CONTRAIL_HOME": str(home),
        "CONTRAIL_SECRETS_DIR": str(database.home / "secrets"),
        "CONTRAIL_HOST": settings.host,
        "CONTRAIL_CORE_PORT": str(database.port),
        "CONTRAIL_KAFKA_PORT": str(settings.kafka_port),
        "CONTRAIL_METRICS_PORT": str(settings.metrics_port),
        "CONTRAIL_LANDING_FLUSH_SECONDS": "0.5",
        "CONTRAIL_LAKE_FLOOR_MB": "0",
    }
