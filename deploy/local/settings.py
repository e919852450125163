"""What one stack on this machine is called, where it keeps its state, and which ports it takes."""

import hashlib
import json
import os
import secrets
import socket
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple, Self

from deploy.local import pools
from deploy.local.errors import StackError

DEFAULT_HOME = ".contrail"
DEFAULT_HOST = "127.0.0.1"
PROJECT_ROOT = Path(__file__).resolve().parents[2]

API_PROCESSES = 2
METRICS_PORTS = 6
# The kernel refuses longer names for unix sockets (108 bytes with the closing zero).
LONGEST_SOCKET_PATH = 100

DEFAULT_PORTS = {
    "core": 55432,
    "warehouse": 55433,
    "kafka": 59092,
    "kafka_controller": 59093,
    "connect": 58083,
    "gateway": 8080,
    "gateway_admin": 58901,
    "api": 8000,
    "dashboards": 8501,
    "dagster": 3000,
    "sandbox_gateway": 58010,
    "smtp": 58025,
    "valkey": 56379,
    "metrics": 9464,
}
# Settings that take a run of neighbouring ports, beginning with the one they name.
PORT_RUNS = {"api": API_PROCESSES, "metrics": METRICS_PORTS}

CORE_CONNECTIONS = pools.max_connections_of((PROJECT_ROOT / "deploy" / "postgres" / "core.conf").read_text())

# Settings of single programs: the stack only passes them on, with these where nobody set them.
PASSED_ON = {
    "CONTRAIL_ENVIRONMENT": "sandbox",
    "CONTRAIL_POOL_SIZE": str(pools.pool_size(API_PROCESSES, CORE_CONNECTIONS)),
    "CONTRAIL_LANDING_FLUSH_SECONDS": "30",
    "CONTRAIL_LANDING_FLUSH_ROWS": "50000",
    "CONTRAIL_LAKE_FLOOR_MB": "512",
}
# Variables the stack decides by itself, and so never passes on from outside.
OWN = ("CONTRAIL_HOME", "CONTRAIL_HOST", "CONTRAIL_SECRETS_DIR", "CONTRAIL_STACK")


class SettingsError(StackError):
    """A setting that no stack can be started with; the message says which and why."""


class PortUse(NamedTuple):
    """One port the stack takes, and the setting that moves it."""

    port: int
    setting: str
    used_for: str


@dataclass(frozen=True)
class Ports:
    """One port a part, or the first of a run."""

    core: int
    warehouse: int
    kafka: int
    kafka_controller: int
    connect: int
    gateway: int
    gateway_admin: int
    api: int
    dashboards: int
    dagster: int
    sandbox_gateway: int
    smtp: int
    valkey: int
    metrics: int

    def uses(self) -> list[PortUse]:
        """Every port taken, with runs written out."""
        uses = []
        for field in fields(self):
            first = int(getattr(self, field.name))
            uses += [
                PortUse(first + step, port_setting(field.name), field.name)
                for step in range(PORT_RUNS.get(field.name, 1))
            ]
        return uses


@dataclass(frozen=True)
class StackSettings:
    """Everything that tells one stack from another on the same machine."""

    home: Path
    host: str
    ports: Ports
    passed_on: dict[str, str]

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Self:
        """Read the settings. Raises SettingsError for a port that is not one, or is named twice."""
        chosen = home or Path(environ.get("CONTRAIL_HOME") or DEFAULT_HOME)
        ports = Ports(
            **{name: _port(environ, port_setting(name), default) for name, default in DEFAULT_PORTS.items()}
        )
        _refuse_overlaps(ports.uses())
        decided = {*OWN, *(port_setting(name) for name in DEFAULT_PORTS)}
        given = {name: value for name, value in environ.items() if name.startswith("CONTRAIL_") and value}
        passed_on = PASSED_ON | {name: value for name, value in given.items() if name not in decided}
        return cls(chosen.resolve(), environ.get("CONTRAIL_HOST") or DEFAULT_HOST, ports, passed_on)

    @classmethod
    def resolve(cls, home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Self:
        """The settings of a stack that may have been started before: what the environment does not say
        stays as it was, so that a second shell finds the same stack."""
        plain = cls.from_environment({}, home or Path(environ.get("CONTRAIL_HOME") or DEFAULT_HOME))
        saved = cls.load(plain.home)
        before = saved.environment() if saved else {}
        return cls.from_environment({**before, **environ}, plain.home)

    @classmethod
    def load(cls, home: Path) -> Self | None:
        """The settings the stack under `home` was last started with, if it ever was."""
        try:
            saved = json.loads((home / "stack.json").read_text())
        except FileNotFoundError:
            return None
        return cls(home, saved["host"], Ports(**saved["ports"]), saved["passed_on"])

    def save(self) -> None:
        """Leave the settings in stack.json, so that later commands find this stack."""
        self.home.mkdir(parents=True, exist_ok=True)
        content = {"host": self.host, "ports": asdict(self.ports), "passed_on": self.passed_on}
        unfinished = self.home / "stack.json.new"
        unfinished.write_text(json.dumps(content, indent=2) + "\n")
        unfinished.replace(self.home / "stack.json")

    def environment(self) -> dict[str, str]:
        """The CONTRAIL_ variables every process of this stack gets."""
        ports = {port_setting(name): str(port) for name, port in asdict(self.ports).items()}
        return {
            "CONTRAIL_HOME": str(self.home),
            "CONTRAIL_SECRETS_DIR": str(self.secrets),
            "CONTRAIL_HOST": self.host,
            **ports,
            **self.passed_on,
        }

    @property
    def secrets(self) -> Path:
        return self.home / "secrets"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run(self) -> Path:
        return self.home / "run"

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text().strip()

    def dsn(self, cluster: str, database: str, user: str, secret: str) -> str:
        """A libpq connection string; `cluster` is core or warehouse."""
        port = getattr(self.ports, cluster)
        return (
            f"host={self.host} port={port} dbname={database} user={user} "
            f"password={self.secret(secret)} connect_timeout=3"
        )

    def socket_path(self, name: str) -> Path:
        """A place for a unix socket: in run/, or in a private temporary folder when that is too deep."""
        path = self.run / name
        if len(str(path)) <= LONGEST_SOCKET_PATH:
            return path
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"contrail-{os.getuid()}-{digest}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise SettingsError(
                f"{folder} belongs to someone else, so no socket can be put there; "
                "choose a CONTRAIL_HOME with a shorter path"
            )
        return folder / name


def port_setting(name: str) -> str:
    """The environment name of a port."""
    return f"CONTRAIL_{name.upper()}_PORT"


def free_ports(host: str = DEFAULT_HOST) -> dict[str, str]:
    """Environment variables that put a whole stack on ports nobody listens on at this moment."""
    chosen: dict[str, str] = {}
    taken: set[int] = set()
    for name in DEFAULT_PORTS:
        first = _free_run(host, PORT_RUNS.get(name, 1), taken)
        chosen[port_setting(name)] = str(first)
    return chosen


# Below the range from which the kernel takes the ports of outgoing connections, so that none of
# them can slip in between finding a port and listening on it.
FREE_PORTS_FROM, FREE_PORTS_TO = 15_000, 32_000
# A run of neighbours is found by trying; on a machine this full nothing else would work either.
FREE_RUN_ATTEMPTS = 200


def _free_run(host: str, length: int, taken: set[int]) -> int:
    for _ in range(FREE_RUN_ATTEMPTS):
        first = FREE_PORTS_FROM + secrets.randbelow(FREE_PORTS_TO - FREE_PORTS_FROM)
        run = range(first, first + length)
        if taken.isdisjoint(run) and all(_is_free(host, port) for port in run):
            taken.update(run)
            return first
    raise SettingsError(f"no run of {length} free ports was found on {host}; stop something that listens")


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _port(environ: Mapping[str, str], setting: str, default: int) -> int:
    value = environ.get(setting) or str(default)
    if not value.isdecimal() or not 1024 <= int(value) <= 65535:
        raise SettingsError(
            f"{setting} is {value!r}, but a port is a whole number from 1024 to 65535; change it"
        )
    return int(value)


def _refuse_overlaps(uses: Iterable[PortUse]) -> None:
    seen: dict[int, PortUse] = {}
    for use in uses:
        if use.port in seen:
            raise SettingsError(
                f"port {use.port} is given to both {seen[use.port].used_for} and {use.used_for}; "
                f"change {use.setting}"
            )
        seen[use.port] = use
