"""A small real stack: started twice, broken, and stopped without a trace."""

import os
import signal
from collections.abc import Iterator

import psutil
import psycopg
import pytest

from deploy.local.halt import find_processes
from deploy.local.settings import StackSettings
from tests.stack import Stack, running_stack, wait_until

pytestmark = pytest.mark.stack

SERVICES = ("postgres-core", "smtp-sink")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("small") / "home", *SERVICES) as stack:
        yield stack


@pytest.fixture
def small(shared: Stack) -> Stack:
    """The one stack of these tests, up again when the test before took it down."""
    if not find_processes(settings_of(shared)):
        shared.contrail("up", "--only", ",".join(SERVICES))
    return shared


def settings_of(stack: Stack) -> StackSettings:
    return StackSettings.from_environment(stack.environment)


def pids(stack: Stack) -> dict[str, int | None]:
    return {name: stack.pid(name) for name in SERVICES}


def supervisor_pid(stack: Stack) -> int:
    return int((stack.home / "run/supervisord.pid").read_text())


def test_up_leaves_alone_what_runs_and_starts_what_is_missing(small: Stack) -> None:
    before = pids(small)

    small.contrail("up", "--only", ",".join((*SERVICES, "postgres-warehouse")))

    assert pids(small) == before
    assert small.pid("postgres-warehouse") is not None


def test_a_running_stack_cannot_be_moved_to_other_ports(small: Stack) -> None:
    moved = Stack(small.home, small.environment | {"CONTRAIL_SMTP_PORT": "14999"})

    done = moved.contrail("up", check=False)

    assert done.returncode == 2
    assert "contrail down" in done.stderr


def test_what_is_killed_comes_back(small: Stack) -> None:
    before = pids(small)
    for pid in before.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def back() -> bool:
        now = pids(small)
        states = {service["name"]: service["state"] for service in small.status()["services"]}
        return all(now[name] not in (None, before[name]) and states[name] == "ready" for name in SERVICES)

    wait_until("both to come back", back)


def test_acknowledged_rows_survive_down_and_up(small: Stack) -> None:
    with small.database("contrail_owner") as core:
        core.execute("insert into app.airlines (code, name) values ('ZZ', 'kept')")

    small.contrail("down")
    small.contrail("up", "--only", "postgres-core")

    with small.database("app_ro") as core:
        assert core.execute("select name from app.airlines where code = 'ZZ'").fetchone() == ("kept",)


def test_roles_may_do_what_they_must_and_no_more(small: Stack) -> None:
    with small.database("cdc") as capture, pytest.raises(psycopg.errors.InsufficientPrivilege):
        capture.execute("select * from vault.people")
    with small.database("app_rw") as app:
        assert app.execute("show statement_timeout").fetchone() == ("5s",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("create table app.mine (id integer)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("truncate app.airlines cascade")
    with small.database("app_ro") as reader, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        reader.execute("insert into app.airlines (code, name) values ('YY', 'no')")


def test_down_leaves_no_process(small: Stack) -> None:
    running = find_processes(settings_of(small))
    assert len(running) > 3

    small.contrail("down")

    assert [process for process in running if process.is_running()] == []
    assert find_processes(settings_of(small)) == []


def test_down_finds_what_a_killed_supervisor_left_behind(small: Stack) -> None:
    """Its children live on, without a parent that knows them."""
    running = find_processes(settings_of(small))
    supervisor = psutil.Process(supervisor_pid(small))
    supervisor.kill()
    psutil.wait_procs([supervisor], timeout=10)
    assert find_processes(settings_of(small)) != []

    small.contrail("down")

    assert [process for process in running if process.is_running()] == []
