"""Which ports a service takes, and who has one that is not free."""

import socket
from collections.abc import Iterable
from typing import NamedTuple

from deploy.local.errors import StackError
from deploy.local.settings import PortUse, StackSettings

# Every port of a run belongs to a service of its own; one port may serve several.
_SERVICES = {
    "core": ("postgres-core",),
    "warehouse": ("postgres-warehouse",),
    "kafka": ("kafka",),
    "kafka_controller": ("kafka",),
    "connect": ("connect",),
    "gateway": ("gateway",),
    "gateway_admin": ("gateway",),
    "api": ("api-1", "api-2"),
    "dashboards": ("dashboards",),
    "dagster": ("dagster-webserver",),
    "sandbox_gateway": ("sandbox-gateway",),
    "smtp": ("smtp-sink",),
    "valkey": ("valkey",),
    "metrics": (
        "flow-landing",
        "flow-availability",
        "flow-fraud",
        "flow-notifications",
        "chores",
        "connector-watchdog",
    ),
}


class PortTaken(StackError):
    """A port somebody else listens on; the message names it, him, and the setting to change."""


class Holder(NamedTuple):
    """The process that listens on a port, as far as this user may see it."""

    pid: int | None
    name: str

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})" if self.pid else self.name


def uses_by_service(settings: StackSettings) -> list[tuple[PortUse, str]]:
    """Each port of the stack with the service that listens on it."""
    pairs = []
    first_of_run: dict[str, int] = {}
    for use in settings.ports.uses():
        first = first_of_run.setdefault(use.used_for, use.port)
        services = _SERVICES[use.used_for]
        pairs.append((use, services[use.port - first if len(services) > 1 else 0]))
    return pairs


def require_free(settings: StackSettings, services: Iterable[str]) -> None:
    """Raise PortTaken for the first port one of `services` needs and cannot have."""
    wanted = set(services)
    for use, service in uses_by_service(settings):
        if service not in wanted or is_free(settings.host, use.port):
            continue
        raise PortTaken(
            f"port {use.port} for {service} is taken by {holder(use.port)}; "
            f"stop that process or set {use.setting} to a free port"
        )


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. A connection that is only being wound up does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def holder(port: int) -> Holder:
    """Who listens on a port."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return Holder(None, "a process of another user")
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            return _named(connection.pid)
    return Holder(None, "an unknown process")


def _named(pid: int | None) -> Holder:
    import psutil

    if pid is None:
        return Holder(None, "a process of another user")
    try:
        return Holder(pid, psutil.Process(pid).name())
    except psutil.NoSuchProcess:
        return Holder(pid, "a process that just ended")
