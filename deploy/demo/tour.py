"""`contrail demo`: the whole path on real parts, from an empty stack to a table of checks."""

import asyncio
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from deploy.demo import schedule
from deploy.demo.checks import Check, Ground, compute_checks
from deploy.demo.errors import DemoError
from deploy.demo.runs import history_is_played, read_runs
from deploy.demo.scale import SCALES, Scale
from deploy.demo.settle import settle, wait_for_availability
from deploy.demo.simulate import DEFAULT_SEED, play_all, set_the_clock
from deploy.demo.stack import core_dsn, stack_settings
from deploy.local.services import BY_NAME
from deploy.local.settings import PROJECT_ROOT, StackSettings
from deploy.local.supervisor import Supervisor

OK, FAILED, FOUND_PROBLEMS = 0, 1, 3

# Landing keeps rows for so long before it writes a file; the tour is watched, so it waits less than usual.
FLUSH_SECONDS = "5"
UP_LIMIT_SECONDS = 600
# Its sensors would load and build every few seconds what the tour builds once, on the same two cores.
STARTED_LAST = "dagster-daemon"
REFRESH_LIMIT_SECONDS = 900
STEPS = 8


@dataclass
class Steps:
    """Numbered steps with the time since the start, on stderr."""

    began: float = field(default_factory=time.monotonic)
    number: int = 0

    def begin(self, title: str) -> None:
        self.number += 1
        self._print(f"step {self.number} of {STEPS}: {title}")

    def say(self, line: str) -> None:
        self._print(f"  {line}")

    def _print(self, line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
        print(f"[{minutes:02}:{seconds:02}] {line}", file=sys.stderr, flush=True)


def run(*, as_json: bool = False, scale: str = "tour", seed: int = DEFAULT_SEED) -> int:
    """Play the tour and print its checks. 0: all hold; 3: some do not; 1: it could not be played."""
    steps = Steps()
    try:
        settings, checks = play_tour(SCALES[scale], seed, steps)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return FAILED
    urls = _urls(settings)
    document = {"checks": [asdict(check) for check in checks], "urls": urls}
    (settings.home / "demo.json").write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document) if as_json else _table(checks, urls))
    return OK if all(check.ok for check in checks) else FOUND_PROBLEMS


def play_tour(scale: Scale, seed: int, steps: Steps) -> tuple[StackSettings, list[Check]]:
    """Start, load, play, settle, build, check. Raises DemoError. The stack stays up whatever happens."""
    began_at = datetime.now(UTC)
    steps.begin(f"start the stack, all but {STARTED_LAST}")
    _up(["--only", ",".join(name for name in BY_NAME if name != STARTED_LAST)])
    settings = stack_settings()
    _stop_last_one(settings)

    asyncio.run(set_the_clock(settings, scale))

    steps.begin(f"load the schedule ({scale.days_back} days back, {scale.days_ahead} ahead)")
    report = schedule.load(
        core_dsn(settings, "app_rw"),
        began_at.date() - timedelta(days=scale.days_back),
        began_at.date() + timedelta(days=scale.days_ahead),
    )
    steps.say(f"{report.planned['flights']:,} departures, {report.inserted['flights']:,} of them new")

    steps.begin("wait until every cabin has come through capture and the availability flow")
    wait_for_availability(settings)

    history = "only now; history is played once" if history_is_played(settings.home) else "the past, then now"
    steps.begin(f"play travellers ({history}), look-alikes and an attack")
    asyncio.run(play_all(settings, scale, seed, steps.say))

    steps.begin("let everything settle")
    settle(settings, steps.say)

    steps.begin("load the lake into the warehouse, compare it with the source, build, publish")
    _refresh_warehouse(steps)

    steps.begin(f"start {STARTED_LAST}, which keeps the warehouse fresh from here on")
    _up([])

    steps.begin("check")
    ground = Ground(
        settings, read_runs(settings.home), report.planned["flights"],
        report.first.isoformat(), report.last.isoformat(), began_at,
    )  # fmt: skip
    return settings, compute_checks(ground, steps.say)


def _stop_last_one(settings: StackSettings) -> None:
    """An earlier tour left it running."""
    supervisor = Supervisor(settings)
    if supervisor.process(STARTED_LAST).pid is not None:
        supervisor.stop(STARTED_LAST)


def _up(options: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "up", *options],
        cwd=PROJECT_ROOT,
        env={**os.environ, "CONTRAIL_LANDING_FLUSH_SECONDS": FLUSH_SECONDS},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        timeout=UP_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError("the stack did not start; the reason is above, and `contrail doctor` looks for more")


def _refresh_warehouse(steps: Steps) -> None:
    """Run the job now. What it finds wrong is reported here and judged by the checks."""
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.refresh", "--json"],
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=REFRESH_LIMIT_SECONDS,
        check=False,
    )
    if not done.stdout.strip():
        raise DemoError(f"the warehouse job ended with {done.returncode} and no report; see above")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    for problem in result["problems"]:
        steps.say(f"warehouse: {problem}")


def _urls(settings: StackSettings) -> dict[str, str]:
    ports = settings.ports
    return {
        "api": f"http://{settings.host}:{ports.gateway}/docs",
        "dashboards": f"http://{settings.host}:{ports.dashboards}",
        "dagster": f"http://{settings.host}:{ports.dagster}",
    }


def _table(checks: list[Check], urls: dict[str, str]) -> str:
    lines = [f"{'check':34} {'':6} {'figure':>12}"]
    for check in checks:
        figure = "-" if check.figure is None else f"{check.figure:,}"
        lines.append(f"{check.name:34} {'ok' if check.ok else 'FAILED':6} {figure:>12} {check.unit}")
    lines.append("")
    lines += [f"{name:12} {url}" for name, url in urls.items()]
    return "\n".join(lines)
