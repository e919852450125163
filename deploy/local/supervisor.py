"""The supervisor that keeps the stack's processes running: its file, its start, and talking to it."""

import http.client
import os
import shlex
import socket
import subprocess
import sys
import time

# What answers is our own supervisor, behind a socket only its owner can open.
import xmlrpc.client  # nosec B411
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.errors import StackError
from deploy.local.services import Service, process_environment
from deploy.local.settings import StackSettings

START_LIMIT_SECONDS = 20.0
# A stop waits as long as the slowest service may take, and a little for the supervisor itself.
CALL_LIMIT_SECONDS = 90.0
POLL_SECONDS = 0.05
LOG_BYTES = "20MB"
LOG_BACKUPS = 3
# A process that lives this long has started; one that dies sooner is started again after 1, 2, 3, ... s.
STARTED_SECONDS = 3
# There is no number of failures after which a part should stay down.
START_RETRIES = 1_000_000
RUNNING_STATES = ("STARTING", "RUNNING", "BACKOFF", "STOPPING")


class SupervisorError(StackError):
    """The supervisor did not start or did not answer; the message says why."""


@dataclass(frozen=True)
class ProcessState:
    """What the supervisor says of one process."""

    name: str
    state: str
    pid: int | None
    started_at: int
    error: str


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=CALL_LIMIT_SECONDS)
        self._path = path

    def connect(self) -> None:
        unconnected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unconnected.settimeout(CALL_LIMIT_SECONDS)
        try:
            unconnected.connect(self._path)
        except OSError:
            unconnected.close()
            raise
        self.sock = unconnected


class _SocketTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = str(path)

    def make_connection(self, host: Any) -> _SocketConnection:
        connection = _SocketConnection(self._path)
        # Where the transport's own close() looks for what it has to close.
        self._connection = (host, connection)
        return connection


class Supervisor:
    """One stack's supervisor, reached through its unix socket. Safe to use from several threads."""

    def __init__(self, settings: StackSettings) -> None:
        self._settings = settings
        self._socket = settings.socket_path("supervisor.sock")

    def is_running(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, http.client.HTTPException):
            return False

    def pid(self) -> int:
        return int(self._call("getPID"))

    def processes(self) -> dict[str, ProcessState]:
        """Every process of the present configuration by name."""
        return {
            entry["name"]: ProcessState(
                name=entry["name"],
                state=entry["statename"],
                pid=entry["pid"] or None,
                started_at=entry["start"],
                error=entry["spawnerr"],
            )
            for entry in self._call("getAllProcessInfo")
        }

    def process(self, name: str) -> ProcessState:
        return self.processes()[name]

    def start(self, name: str) -> None:
        """Start one process without waiting for it; one that runs already is left alone."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise SupervisorError(f"{name} could not be started: {fault.faultString}") from fault

    def stop(self, name: str) -> None:
        """Stop one process and wait until it is gone."""
        try:
            self._call("stopProcess", name, True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise SupervisorError(f"{name} could not be stopped: {fault.faultString}") from fault

    def shutdown(self) -> None:
        self._call("shutdown")

    def reload(self) -> list[str]:
        """Take in a rewritten file; processes whose settings changed are stopped. Returns their names."""
        added, changed, removed = self._call("reloadConfig")[0]
        for name in [*removed, *changed]:
            self.stop(name)
            self._call("removeProcessGroup", name)
        for name in [*changed, *added]:
            self._call("addProcessGroup", name)
        return list(changed)

    def _call(self, method: str, *arguments: object) -> Any:
        transport = _SocketTransport(self._socket)
        with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)


def configuration_file(settings: StackSettings) -> Path:
    return settings.run / "supervisord.conf"


def write_configuration(settings: StackSettings, services: Iterable[Service]) -> None:
    """Lay the supervisor's file; readable by its owner alone, since it carries passwords of processes."""
    for folder in (settings.run, settings.logs):
        folder.mkdir(parents=True, exist_ok=True)
    text = render(settings, services)
    descriptor = os.open(configuration_file(settings), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def render(settings: StackSettings, services: Iterable[Service]) -> str:
    """The supervisor's file as text. Nothing starts by itself: `up` starts each in its turn."""
    sections = [
        _section("unix_http_server", file=settings.socket_path("supervisor.sock"), chmod="0600"),
        _section(
            "supervisord",
            logfile=settings.logs / "supervisord.log",
            logfile_maxbytes=LOG_BYTES,
            logfile_backups=LOG_BACKUPS,
            pidfile=settings.run / "supervisord.pid",
            directory=settings.home,
            nodaemon="false",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        ),
        _section(
            "rpcinterface:supervisor",
            **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
        *(_program(settings, service) for service in services),
    ]
    return "\n".join(sections)


def ensure_running(settings: StackSettings, services: Iterable[Service]) -> tuple[Supervisor, list[str]]:
    """A running supervisor that knows the present settings, and the processes stopped by new ones."""
    supervisor = Supervisor(settings)
    write_configuration(settings, services)
    if supervisor.is_running():
        return supervisor, supervisor.reload()
    log = settings.logs / "supervisord.start.log"
    with log.open("w") as output:
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration_file(settings))],
            env=process_environment(settings),
            cwd=settings.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=START_LIMIT_SECONDS,
            check=False,
        )
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while started.returncode == 0 and time.monotonic() < deadline:
        if supervisor.is_running():
            return supervisor, []
        time.sleep(POLL_SECONDS)
    reason = log.read_text().strip().splitlines()[-1:]
    raise SupervisorError(f"the supervisor did not start ({''.join(reason)}); see {log}")


def _program(settings: StackSettings, service: Service) -> str:
    values: dict[str, object] = {
        "command": shlex.join(service.command(settings)),
        "directory": service.folder,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": STARTED_SECONDS,
        "startretries": START_RETRIES,
        "stopsignal": service.stop_signal,
        "stopwaitsecs": service.stop_limit_seconds,
        "stopasgroup": str(service.stop_group).lower(),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": settings.logs / f"{service.name}.log",
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": LOG_BACKUPS,
    }
    user = service.user()
    if user is not None:
        values["user"] = user
    variables = service.variables(settings)
    if variables:
        values["environment"] = ",".join(f'{name}="{_quoted(text)}"' for name, text in variables.items())
    return _section(f"program:{service.name}", **values)


def _section(name: str, **values: object) -> str:
    lines = [f"[{name}]", *(f"{key} = {_escaped(key, str(value))}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _escaped(key: str, value: str) -> str:
    """A percent sign begins an expansion in the supervisor's file, and no value may span lines."""
    if "\n" in value:
        raise SupervisorError(f"{key} has a line break in it, which the supervisor's file cannot hold")
    return value.replace("%", "%%")


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
