"""What happens once between the services: roles, tables, topics, and the connector's registration."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from deploy.local import postgres
from deploy.local.errors import StackError
from deploy.local.settings import PROJECT_ROOT, StackSettings

COMMAND_LIMIT_SECONDS = 240


class StepFailed(StackError):
    """A step did not end well; the message is its last line and where the rest is."""


@dataclass(frozen=True)
class Step:
    """Something to do once everything in `after` is ready. Doing it again changes nothing."""

    name: str
    after: tuple[str, ...]
    act: Callable[[StackSettings], None]


def _roles(cluster: str) -> Callable[[StackSettings], None]:
    return lambda settings: postgres.ensure_roles(*postgres.cluster_settings(settings, cluster))


def _program(name: str, *arguments: str) -> Callable[[StackSettings], None]:
    """Run a module with the stack's environment; its output goes to the logs like a service's."""

    def act(settings: StackSettings) -> None:
        log = settings.logs / f"{name}.log"
        with log.open("w") as output:
            done = subprocess.run(
                [sys.executable, "-m", *arguments],
                cwd=PROJECT_ROOT,
                env={**os.environ, **settings.environment()},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=COMMAND_LIMIT_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            last = log.read_text().strip().splitlines()[-1:]
            raise StepFailed(f"{name} failed ({''.join(last)}); the whole output is in {log}")

    return act


STEPS: tuple[Step, ...] = (
    Step("core-roles", ("postgres-core",), _roles("core")),
    Step(
        "migrations",
        ("core-roles",),
        _program("migrations", "alembic", "-c", "app/migrations/alembic.ini", "upgrade", "head"),
    ),
    Step("warehouse-roles", ("postgres-warehouse",), _roles("warehouse")),
    Step("topics", ("kafka",), _program("topics", "pipelines.topics", "ensure")),
    Step("connector", ("connect", "migrations", "topics"), _program("connector", "connect.register")),
)
