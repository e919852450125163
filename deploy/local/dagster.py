"""Dagster on the local stack: one code server that the web page and the daemon share."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from deploy.local.settings import PROJECT_ROOT, StackSettings

INSTANCE_FILE = PROJECT_ROOT / "orchestration" / "dagster.yaml"
MODULE = "orchestration.definitions"


def prepare(settings: StackSettings) -> None:
    """Lay the instance's file and the workspace's."""
    home = settings.home / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(INSTANCE_FILE, home / "dagster.yaml")
    socket = settings.socket_path("dagster.sock")
    workspace = f"load_from:\n  - grpc_server:\n      socket: {socket}\n      location_name: contrail\n"
    workspace_file(settings).parent.mkdir(parents=True, exist_ok=True)
    workspace_file(settings).write_text(workspace)


def workspace_file(settings: StackSettings) -> Path:
    return settings.run / "dagster" / "workspace.yaml"


def variables(settings: StackSettings) -> Mapping[str, str]:
    """What dagster.yaml refers to by name, so that the file itself holds no password."""
    home = settings.home / "dagster"
    return {
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DAGSTER_PG_HOST": settings.host,
        "DAGSTER_PG_PORT": str(settings.ports.warehouse),
        "DAGSTER_PG_DB": "dagster",
        "DAGSTER_PG_USERNAME": "dagster",
        "DAGSTER_PG_PASSWORD": settings.secret("dagster_password"),
        "DAGSTER_COMPUTE_LOGS": str(home / "compute_logs"),
        "DAGSTER_ARTIFACTS": str(home / "artifacts"),
    }


def code_command(settings: StackSettings) -> list[str]:
    socket = settings.socket_path("dagster.sock")
    return [
        *(sys.executable, "-m", "dagster", "api", "grpc"),
        *("--module-name", MODULE, "--socket", str(socket), "--location-name", "contrail"),
        *("--use-python-environment-entry-point", "--log-level", "warning"),
    ]


def webserver_command(settings: StackSettings) -> list[str]:
    return [
        *(sys.executable, "-m", "dagster_webserver"),
        *("--host", settings.host, "--port", str(settings.ports.dagster)),
        *("--workspace", str(workspace_file(settings)), "--log-level", "warning"),
    ]


def daemon_command(settings: StackSettings) -> list[str]:
    return [
        *(sys.executable, "-m", "dagster._daemon", "run"),
        *("--workspace", str(workspace_file(settings)), "--log-level", "warning"),
    ]
