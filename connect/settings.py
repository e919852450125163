"""Where this program finds Connect, Kafka and Postgres, and how its files are filled in."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FOLDER = Path(__file__).resolve().parent
CONNECTOR = "app_postgres"
CONNECTOR_FILE = FOLDER / "connectors" / f"{CONNECTOR}.json"
WORKER_FILE = FOLDER / "worker.properties"
HEARTBEAT_TOPIC = "contrail.app.heartbeat"
METRICS_PORT_STEP = 5

_PLACEHOLDER = re.compile(r"\$\{(CONTRAIL_[A-Z_]+)\}")


class UnfilledSetting(ValueError):
    """A file names a variable that the environment does not have."""


@dataclass(frozen=True)
class Settings:
    """The part of the environment that capture reads."""

    host: str
    core_port: int
    kafka_port: int
    connect_port: int
    metrics_port: int
    secrets_dir: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        home = Path(environ.get("CONTRAIL_HOME") or ".contrail").resolve()
        return cls(
            host=environ.get("CONTRAIL_HOST") or "127.0.0.1",
            core_port=int(environ.get("CONTRAIL_CORE_PORT") or 55432),
            kafka_port=int(environ.get("CONTRAIL_KAFKA_PORT") or 59092),
            connect_port=int(environ.get("CONTRAIL_CONNECT_PORT") or 58083),
            metrics_port=int(environ.get("CONTRAIL_METRICS_PORT") or 9464) + METRICS_PORT_STEP,
            secrets_dir=Path(environ.get("CONTRAIL_SECRETS_DIR") or home / "secrets"),
        )

    @property
    def connect_url(self) -> str:
        return f"http://{self.host}:{self.connect_port}"

    @property
    def bootstrap_servers(self) -> str:
        return f"{self.host}:{self.kafka_port}"

    def dsn(self) -> str:
        """The capture role's login: whoever checks capture sees no more than it does."""
        password = (self.secrets_dir / "cdc_password").read_text().strip()
        return (
            f"host={self.host} port={self.core_port} dbname=contrail user=cdc password={password} "
            "connect_timeout=3 application_name=contrail-capture"
        )

    def variables(self) -> dict[str, str]:
        """What connectors/app_postgres.json may name."""
        return {
            "CONTRAIL_HOST": self.host,
            "CONTRAIL_CORE_PORT": str(self.core_port),
            "CONTRAIL_SECRETS_DIR": str(self.secrets_dir),
        }


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Replace every ${CONTRAIL_...} in a file's text. Raises UnfilledSetting for one nobody set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in variables:
            raise UnfilledSetting(f"{name} is named in a configuration file but is not set; set it")
        return variables[name]

    return _PLACEHOLDER.sub(value, text)
