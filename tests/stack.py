"""One whole stack for the tests that need one: its own home, its own free ports, the real parts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psycopg
import pytest

T = TypeVar("T")

ROOT = Path(__file__).parents[1]
COMMAND_LIMIT_SECONDS = 420
WAIT_LIMIT_SECONDS = 120
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Stack:
    """A running stack, seen from outside: its command, its gateway, its databases, its folders."""

    home: Path
    environment: dict[str, str]

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.environment['CONTRAIL_GATEWAY_PORT']}"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.environment['CONTRAIL_KAFKA_PORT']}"

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a module of the project (`python -m ...`) with this stack's settings."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True,
            timeout=COMMAND_LIMIT_SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if check and done.returncode != 0:
            said = f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
            raise AssertionError(f"{' '.join(arguments)} ended with {done.returncode}\n{said}")
        return done

    def contrail(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.run("deploy.cli", *arguments, check=check)

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.contrail("status", "--json", check=False).stdout))

    def pid(self, service: str) -> int | None:
        """The process id of one service as its supervisor knows it."""
        entry = next(s for s in self.status()["services"] if s["name"] == service)
        return entry["pid"] or None

    def database(self, role: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to the core as one of its roles."""
        password = (self.home / "secrets" / f"{role.removeprefix('contrail_')}_password").read_text().strip()
        port = self.environment["CONTRAIL_CORE_PORT"]
        return psycopg.connect(
            f"host=127.0.0.1 port={port} dbname=contrail user={role} password={password}", autocommit=True
        )

    def warehouse(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to the warehouse as its owner."""
        password = (self.home / "secrets" / "warehouse_password").read_text().strip()
        port = self.environment["CONTRAIL_WAREHOUSE_PORT"]
        return psycopg.connect(
            f"host=127.0.0.1 port={port} dbname=warehouse user=warehouse password={password}", autocommit=True
        )

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.gateway, timeout=15)


def wait_until(what: str, probe: Callable[[], T], limit_seconds: float = WAIT_LIMIT_SECONDS) -> T:
    """The first true answer of `probe`, asked again and again. Fails, naming `what`, after the limit."""
    deadline = time.monotonic() + limit_seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_seconds:.0f} s for {what}; last seen: {answer!r}")
        time.sleep(POLL_SECONDS)


@contextmanager
def running_stack(home: Path, *only: str) -> Iterator[Stack]:
    """Start a stack (all of it, or only the named services), and leave no process of it behind."""
    from deploy.local.settings import free_ports

    environment = {key: value for key, value in os.environ.items() if not key.startswith("CONTRAIL_")}
    environment |= free_ports() | {
        "CONTRAIL_HOME": str(home),
        "CONTRAIL_ENVIRONMENT": "sandbox",
        "CONTRAIL_LANDING_FLUSH_SECONDS": "2",
        # All travellers of a test come from one address.
        "CONTRAIL_RATE_LIMIT_FACTOR": "100",
    }
    stack = Stack(home, environment)
    try:
        stack.contrail("up", *(("--only", ",".join(only)) if only else ()))
        yield stack
    finally:
        stack.contrail("down")


# What the journey and the faults need. Of Dagster only its code server, which brings its folder along;
# with the daemon its sensors would load beside the tests.
CORE_SERVICES = (
    "postgres-core", "postgres-warehouse", "kafka", "connect", "connector-watchdog", "smtp-sink",
    "sandbox-gateway", "api-1", "api-2", "chores", "gateway", "flow-landing", "flow-availability",
    "flow-fraud", "flow-notifications", "dagster-code",
)  # fmt: skip


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Real Postgres, Kafka, Debezium, flows and API with a few days of the schedule, shared by a test run."""
    home = tmp_path_factory.mktemp("stack") / "home"
    with running_stack(home, *CORE_SERVICES) as running:
        running.contrail("load-schedule", "--days-back", "0", "--days-ahead", "4")
        wait_until("every cabin to be on sale", lambda: _cabins_not_live(running) == 0)
        yield running


def _cabins_not_live(stack: Stack) -> int:
    """How many cabins have not yet come through capture: a search reads live availability alone."""
    with stack.database("app_ro") as core:
        row = core.execute(
            "select count(*) from app.cabin_inventories c where not exists "
            "(select from live.availability a where a.flight_id = c.flight_id and a.cabin = c.cabin)"
        ).fetchone()
    assert row is not None
    return int(row[0])
