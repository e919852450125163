"""`up`: start what is not running, in order, each part when those it needs are ready."""

import threading
import time
from collections.abc import Callable, Iterable

from deploy.local import jars, ports
from deploy.local.errors import StackError
from deploy.local.graph import run_in_order
from deploy.local.secrets import ensure_secrets
from deploy.local.services import BY_NAME, SERVICES, Service
from deploy.local.settings import SettingsError, StackSettings
from deploy.local.steps import STEPS
from deploy.local.supervisor import Supervisor, ensure_running

# Asked often at first, then less: asking costs the very processor time the part needs to come up.
FIRST_POLL_SECONDS = 0.1
LONGEST_POLL_SECONDS = 1.0
POLL_GROWTH = 1.2
# A program that ended this often while it was waited for will not come up by itself.
TOLERATED_STARTS = 3
LOG_LINES_SHOWN = 15

Progress = Callable[[str], None]


class LaunchFailed(StackError):
    """A part did not come up; the message says which, why, and where to look."""


def up(settings: StackSettings, only: Iterable[str] | None, progress: Progress) -> None:
    """Bring the stack, or the services named in `only`, to ready. What runs already is left alone.

    Raises SettingsError, PortTaken, LaunchFailed and the errors of the parts.
    """
    began = time.monotonic()
    chosen = _choose(only)
    supervisor = Supervisor(settings)
    before = supervisor.processes() if supervisor.is_running() else {}
    running = {name for name, process in before.items() if process.pid is not None}
    _refuse_moved_ports(settings, running)
    ports.require_free(settings, chosen - running)
    settings.save()
    ensure_secrets(settings.secrets)
    if chosen & {"kafka", "connect"}:
        jars.ensure_jars(progress)
    supervisor, restarted = ensure_running(settings, SERVICES)
    for name in restarted:
        progress(f"{name} is restarted with new settings")
    launcher = _Launcher(settings, supervisor, progress)
    run_in_order(_order(chosen | set(restarted), running), launcher.bring_up, launcher.abandoned.set)
    progress(f"ready after {time.monotonic() - began:.0f} s")


def _choose(only: Iterable[str] | None) -> set[str]:
    if only is None:
        return set(BY_NAME)
    chosen = set(only)
    unknown = sorted(chosen - set(BY_NAME))
    if unknown:
        raise SettingsError(f"there is no service {unknown[0]}; the services are {', '.join(BY_NAME)}")
    return chosen


def _order(chosen: set[str], running: set[str]) -> dict[str, tuple[str, ...]]:
    """What to do and what each waits for. A step is done when all it needs is there or will be."""
    order = {service.name: service.after for service in SERVICES if service.name in chosen}
    there = chosen | running
    for step in STEPS:
        if set(step.after) <= there:
            order[step.name] = step.after
            there.add(step.name)
    return order


def _refuse_moved_ports(settings: StackSettings, running: set[str]) -> None:
    saved = StackSettings.load(settings.home)
    if not running or saved is None or (saved.host, saved.ports) == (settings.host, settings.ports):
        return
    raise SettingsError(
        f"the stack in {settings.home} runs on other ports than the environment names; "
        "run `contrail down` first, or unset the CONTRAIL_..._PORT variables"
    )


class _Launcher:
    """Brings up one node of the order; called from several threads."""

    def __init__(self, settings: StackSettings, supervisor: Supervisor, progress: Progress) -> None:
        self._settings = settings
        self._supervisor = supervisor
        self._progress = progress
        self._steps = {step.name: step for step in STEPS}
        self.abandoned = threading.Event()

    def bring_up(self, name: str) -> None:
        began = time.monotonic()
        if name in self._steps:
            self._steps[name].act(self._settings)
            self._progress(f"{name} done ({time.monotonic() - began:.1f} s)")
            return
        service = BY_NAME[name]
        if self._supervisor.process(name).pid is None:
            service.prepare(self._settings)
            self._supervisor.start(name)
        self._wait(service)
        self._progress(f"{name} ready ({time.monotonic() - began:.1f} s)  {service.url(self._settings)}")

    def _wait(self, service: Service) -> None:
        """Until the service does its work. Raises LaunchFailed when it ends again and again, or too late."""
        deadline = time.monotonic() + service.start_limit_seconds
        starts: set[int] = set()
        pause = FIRST_POLL_SECONDS
        while not service.probe(self._settings):
            process = self._supervisor.process(service.name)
            if process.state in ("BACKOFF", "EXITED", "FATAL"):
                starts.add(process.started_at)
            if len(starts) >= TOLERATED_STARTS:
                raise LaunchFailed(self._explain(service, "ends again and again"))
            if time.monotonic() > deadline:
                raise LaunchFailed(
                    self._explain(service, f"was not ready within {service.start_limit_seconds:.0f} s")
                )
            if self.abandoned.wait(pause):
                raise LaunchFailed(f"{service.name} was given up, since another part failed")
            pause = min(pause * POLL_GROWTH, LONGEST_POLL_SECONDS)

    def _explain(self, service: Service, what: str) -> str:
        log = self._settings.logs / f"{service.name}.log"
        tail = log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:] if log.exists() else []
        shown = "\n".join(f"    {line}" for line in tail)
        return f"{service.name} {what}; see `contrail logs {service.name}`\n{shown}"
