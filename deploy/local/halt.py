"""`down`: stop everything in the opposite order, and leave no process of the stack behind."""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.local.errors import StackError
from deploy.local.graph import reversed_order, run_in_order
from deploy.local.launch import Progress
from deploy.local.services import BY_NAME, SERVICES
from deploy.local.settings import StackSettings
from deploy.local.steps import STEPS
from deploy.local.supervisor import Supervisor

GONE_LIMIT_SECONDS = 60.0
# How long strays get to end by themselves before they are killed.
STRAY_LIMIT_SECONDS = 10.0
MARK = "CONTRAIL_STACK"


class StillRunning(StackError):
    """Some process could not be stopped; the message names it."""


def down(settings: StackSettings, progress: Progress) -> int:
    """Stop the stack; returns how many processes were stopped. Raises StillRunning."""
    family = find_processes(settings)
    supervisor = Supervisor(settings)
    if supervisor.is_running():
        _stop_services(supervisor, progress)
        family = _merged(family, _descendants(supervisor.pid()))
        with contextlib.suppress(OSError):
            # It may close the connection before it has answered.
            supervisor.shutdown()
        psutil.wait_procs(family, timeout=GONE_LIMIT_SECONDS)
    strays = find_processes(settings)
    _end(strays)
    left = find_processes(settings)
    if left:
        named = ", ".join(f"{process.name()} (pid {process.pid})" for process in left)
        raise StillRunning(f"{named} could not be stopped; end it by hand with `kill -9`")
    return len(family)


def find_processes(settings: StackSettings) -> list[psutil.Process]:
    """Every process of this stack: by the mark in its environment, and the two Postgres servers by their
    pid files (a server overwrites the environment it shows)."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(MARK) == str(settings.home)
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess, OSError):
            continue
        if marked and process.pid not in mine:
            found.append(process)
    for cluster in ("core", "warehouse"):
        server = _postmaster(settings.home / "postgres" / cluster)
        if server is not None:
            found = _merged(found, [server, *_descendants(server.pid)])
    return found


def _postmaster(folder: Path) -> psutil.Process | None:
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
        process = psutil.Process(int(lines[0]))
        return process if process.name() == "postgres" else None
    except (OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return None


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _merged(first: Iterable[psutil.Process], second: Iterable[psutil.Process]) -> list[psutil.Process]:
    return list({process.pid: process for process in [*first, *second]}.values())


def _stop_services(supervisor: Supervisor, progress: Progress) -> None:
    running = {name for name, process in supervisor.processes().items() if process.state != "STOPPED"}
    after: dict[str, tuple[str, ...]] = {service.name: service.after for service in SERVICES}
    after |= {step.name: step.after for step in STEPS}

    def stop(name: str) -> None:
        if name in BY_NAME and name in running:
            supervisor.stop(name)
            progress(f"{name} stopped")

    run_in_order(reversed_order(after), stop)


def _end(strays: list[psutil.Process]) -> None:
    """Processes whose supervisor was killed: asked first, Postgres by its fast shutdown, then killed."""
    for process in strays:
        with contextlib.suppress(psutil.NoSuchProcess):
            is_server = process.name() == "postgres"
            process.send_signal(signal.SIGINT if is_server and _is_server(process) else signal.SIGTERM)
    _, alive = psutil.wait_procs(strays, timeout=STRAY_LIMIT_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=STRAY_LIMIT_SECONDS)


def _is_server(process: psutil.Process) -> bool:
    parent = process.parent()
    return parent is None or parent.name() != "postgres"
