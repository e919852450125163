"""`status`: what runs, whether it works, where it is, and how far behind the copies are."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from deploy.local import lags
from deploy.local.services import SERVICES, Service
from deploy.local.settings import StackSettings
from deploy.local.supervisor import ProcessState, Supervisor

PARALLEL = 8
WORKS = "ready"
DOWN = "stopped"


def take(settings: StackSettings) -> dict[str, Any]:
    """{"services": [{"name", "state", "url", "pid"}], "lags_ms": {"kafka", "availability", "warehouse"},
    "rows_without_partition"}."""
    supervisor = Supervisor(settings)
    processes = supervisor.processes() if supervisor.is_running() else {}
    with ThreadPoolExecutor(PARALLEL) as pool:
        measured = pool.submit(lags.measure, settings) if processes else None
        misplaced = pool.submit(lags.rows_without_partition, settings) if processes else None
        services = list(pool.map(lambda s: _entry(settings, s, processes.get(s.name)), SERVICES))
        behind = measured.result() if measured else {"kafka": None, "availability": None, "warehouse": None}
        without = misplaced.result() if misplaced else None
    return {"services": services, "lags_ms": behind, "rows_without_partition": without}


def is_well(status: dict[str, Any]) -> bool:
    """Whether something runs, everything that was started works, and every row has its month."""
    states = [entry["state"] for entry in status["services"]]
    return WORKS in states and set(states) <= {WORKS, DOWN} and not status["rows_without_partition"]


def table(status: dict[str, Any]) -> str:
    """The same for a person."""
    rows = [("service", "state", "pid", "url")]
    rows += [
        (entry["name"], entry["state"], str(entry["pid"] or "-"), entry["url"])
        for entry in status["services"]
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[3]]) for row in rows]
    without = status["rows_without_partition"]
    alarm = [f"{without:,} rows have no month: see `contrail logs chores`"] if without else []
    return "\n".join([*(line.rstrip() for line in lines), "", *_lag_lines(status["lags_ms"]), *alarm])


def _lag_lines(behind: dict[str, float | None]) -> list[str]:
    titles = {
        "kafka": "commit -> Kafka",
        "availability": "commit -> live availability",
        "warehouse": "commit -> warehouse",
    }
    return [f"{title.ljust(28)} {_milliseconds(behind[name])}" for name, title in titles.items()]


def _milliseconds(value: float | None) -> str:
    return "nothing to measure yet" if value is None else f"{value:,.0f} ms"


def _entry(settings: StackSettings, service: Service, process: ProcessState | None) -> dict[str, Any]:
    return {
        "name": service.name,
        "state": _state(settings, service, process),
        "url": service.url(settings),
        "pid": process.pid if process else None,
    }


def _state(settings: StackSettings, service: Service, process: ProcessState | None) -> str:
    """ready, not ready (runs without doing its work), restarting, stopping or stopped."""
    if process is None or process.state == "STOPPED":
        return DOWN
    if process.state in ("BACKOFF", "EXITED", "FATAL"):
        return "restarting"
    if process.state == "STOPPING":
        return "stopping"
    return WORKS if service.probe(settings) else "not ready"
