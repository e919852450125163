"""The revisions, as an operator meets them: on nothing, below a program that goes on working, and back."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from deploy.local.postgres import core_cluster, core_environment
from tests.app.departures import connect, make_booking, make_departure
from tests.app.test_tables import Columns, migrated
from tests.databases import TestDatabase, free_port

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
# The newest revision of the release before: all later ones are run below a program that does not know them.
PREVIOUS_RELEASE = "0007_live"
# What a caller is told to repeat, and what repeating it mends.
RETRYABLE = (errors.LockNotAvailable, errors.DeadlockDetected, errors.QueryCanceled)
JOIN_LIMIT_SECONDS = 60


@dataclass(frozen=True)
class Cluster:
    database: TestDatabase

    def alembic(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        environment = core_environment(self.database.home, self.database.port)
        return subprocess.run(
            [sys.executable, "-m", "alembic", "-c", "app/migrations/alembic.ini", *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def migrate(self, *arguments: str) -> None:
        done = self.alembic(*arguments)
        assert done.returncode == 0, done.stderr

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return connect(self.database.conninfo("contrail_owner"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home, port = tmp_path_factory.mktemp("migrations"), free_port()
    with core_cluster(home, port):
        yield Cluster(TestDatabase("core", "contrail", home, port))


@dataclass
class Writer:
    """The program of the release before: it goes on booking, and repeats what is worth repeating."""

    work: Callable[[], None]
    written: int = 0
    repeated: int = 0
    failures: list[psycopg.Error] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Writer":
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(JOIN_LIMIT_SECONDS)
        assert not self._thread.is_alive()

    def _write(self) -> None:
        while not self._ends.is_set():
            try:
                self.work()
                self.written += 1
            except RETRYABLE:
                self.repeated += 1
            except psycopg.Error as failure:
                self.failures.append(failure)
                return


def everything(cluster: Cluster) -> tuple[Columns, list[tuple[object, ...]]]:
    """Columns, constraints, indexes, functions and triggers: all that revisions make."""
    with cluster.connect() as owner:
        rest = owner.execute(
            "select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "from pg_constraint where connamespace::regnamespace::text in ('app', 'vault', 'live') "
            "union all select 'index', tablename, indexname, indexdef "
            "from pg_indexes where schemaname in ('app', 'vault', 'live') "
            "union all select 'function', '', proname, pg_get_functiondef(oid) "
            "from pg_proc where pronamespace::regnamespace::text in ('app', 'vault', 'live') "
            "union all select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) "
            "from pg_trigger where not tgisinternal "
            "union all select 'published', schemaname, tablename, pubname from pg_publication_tables "
            "order by 1, 2, 3, 4"
        ).fetchall()
    return migrated(cluster.database), rest


@pytest.mark.parametrize("revision", [PREVIOUS_RELEASE, "base"])
def test_revisions_can_be_taken_back_and_made_again(cluster: Cluster, revision: str) -> None:
    """An index that a way back had left behind was in the way of the next way forward."""
    before = everything(cluster)

    cluster.migrate("downgrade", revision)
    cluster.migrate("upgrade", "head")

    assert everything(cluster) == before


def test_nothing_is_left_of_revisions_that_are_all_taken_back(cluster: Cluster) -> None:
    cluster.migrate("downgrade", "base")
    with cluster.connect() as owner:
        (left,) = owner.execute(
            "select count(*) from pg_tables where schemaname in ('app', 'vault', 'live') "
            "and tablename <> 'alembic_version'"
        ).fetchone() or (None,)
    cluster.migrate("upgrade", "head")

    assert left == 0


def test_program_of_the_release_before_goes_on_while_the_revisions_run(cluster: Cluster) -> None:
    cluster.migrate("downgrade", PREVIOUS_RELEASE)
    with cluster.connect() as owner, cluster.connect() as other:
        departure = make_departure(owner)

        def book() -> None:
            with owner.transaction():
                make_booking(owner)
                owner.execute(
                    "update app.cabin_inventories set version = version + 1 where flight_id = %s",
                    (departure.flight_id,),
                )

        with Writer(book) as writer:
            cluster.migrate("upgrade", "head")

        (kept,) = other.execute("select count(*) from app.bookings").fetchone() or (None,)

    assert writer.failures == []
    assert writer.written > 0
    assert kept == writer.written


def test_revision_that_cannot_have_its_lock_gives_up_and_is_run_again(cluster: Cluster) -> None:
    """It waits two seconds at most: everybody else waits behind it."""
    cluster.migrate("downgrade", PREVIOUS_RELEASE)
    with cluster.connect() as reader:
        with reader.transaction():
            reader.execute("select 1 from app.bookings limit 1")
            refused = cluster.alembic("upgrade", "head")

        cluster.migrate("upgrade", "head")

    assert refused.returncode != 0
    assert "lock timeout" in refused.stderr


def test_statement_that_the_new_tables_refuse_would_be_found(cluster: Cluster) -> None:
    with cluster.connect() as owner:

        def write() -> None:
            owner.execute("insert into app.bookings (id) values (gen_random_uuid())")

        with Writer(write) as writer:
            writer._thread.join(JOIN_LIMIT_SECONDS)

    assert isinstance(writer.failures[0], errors.NotNullViolation)
