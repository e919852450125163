"""What the benches of the API stand on: Postgres, the API's processes, and a flame graph of one of them."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.bench.open_loop import Address
from deploy.bench.own_stack import own_stack
from deploy.bench.runner import BenchFailed
from deploy.local.settings import StackSettings
from deploy.local.supervisor import Supervisor

# One address asks here what ten thousand travellers would.
UNLIMITED = {"CONTRAIL_RATE_LIMIT_FACTOR": "1000000"}
FLAME_STOP_SECONDS = 60.0

Progress = Callable[[str], None]


@dataclass(frozen=True)
class ApiStack:
    """A running core: where its processes listen, and which they are."""

    settings: StackSettings
    processes: int
    has_gateway: bool

    @property
    def targets(self) -> list[Address]:
        """The API's processes themselves, without the gateway."""
        return [(self.settings.host, self.settings.ports.api + n) for n in range(self.processes)]

    @property
    def front(self) -> Address:
        """The gateway's address. Raises BenchFailed when it was not started."""
        if not self.has_gateway:
            raise BenchFailed("this bench started no gateway")
        return self.settings.host, self.settings.ports.gateway

    @property
    def database(self) -> str:
        """A connection string of the owner, who may make rows of any table."""
        return self.settings.dsn("core", "contrail", "contrail_owner", "owner_password")

    def process_ids(self) -> list[int]:
        supervisor = Supervisor(self.settings)
        found = [supervisor.process(f"api-{n + 1}").pid for n in range(self.processes)]
        if None in found:
            raise BenchFailed("a process of the API is not running")
        return [pid for pid in found if pid is not None]

    def postgres_id(self) -> int:
        """The server's first process; its backends are its children."""
        pid = Supervisor(self.settings).process("postgres-core").pid
        if pid is None:
            raise BenchFailed("Postgres is not running")
        return pid


@contextlib.contextmanager
def api_stack(progress: Progress, *, processes: int = 1, has_gateway: bool = False) -> Iterator[ApiStack]:
    """Postgres with all migrations, the sandbox's payment gateway, and the API as the stack runs it."""
    services = ["postgres-core", "sandbox-gateway", *(f"api-{n + 1}" for n in range(processes))]
    if has_gateway:
        services.append("gateway")
    progress(f"starting a stack of its own: {', '.join(services)}")
    with own_stack(services, progress, UNLIMITED) as settings:
        yield ApiStack(settings, processes, has_gateway)


@contextlib.contextmanager
def flame_graph(file: Path | None, process_id: int, progress: Progress) -> Iterator[None]:
    """Record where a Python process spends its time, into an SVG; nothing happens without a file."""
    if file is None:
        yield
        return
    sampler = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("py-spy")), "record", "--nonblocking"),
            *("--pid", str(process_id), "--output", str(file), "--duration", "unlimited"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield
    finally:
        # By this signal py-spy writes its file and ends.
        sampler.send_signal(signal.SIGINT)
        _, said = sampler.communicate(timeout=FLAME_STOP_SECONDS)
    if not file.exists():
        raise BenchFailed(f"py-spy wrote no flame graph: {said.strip().splitlines()[-1:]}")
    progress(f"flame graph of process {process_id} is in {file}")
