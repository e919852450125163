"""Owns the settings of the dashboards: read once from the environment, never from anywhere else."""

import os
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

# A page must answer before its next refresh; a slower answer is shown as an error instead.
CONNECT_TIMEOUT_SECONDS = 5
LIVE_STATEMENT_TIMEOUT = "5s"


@dataclass(frozen=True)
class Settings:
    home: Path
    secrets: Path
    host: str
    core_port: int

    @property
    def published(self) -> Path:
        """The folder of the published mart files and of their pointer."""
        return self.home / "published"

    def live_dsn(self) -> str:
        """Connection string of the core's live tables as the read-only role. Reads the password file."""
        return make_conninfo(
            host=self.host,
            port=self.core_port,
            dbname="contrail",
            user="bi_reader",
            password=(self.secrets / "bi_reader_password").read_text().strip(),
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            application_name="contrail-dashboards",
            options=f"-c statement_timeout={LIVE_STATEMENT_TIMEOUT} -c default_transaction_read_only=on",
        )


def load_settings() -> Settings:
    home = Path(os.environ.get("CONTRAIL_HOME", ".contrail")).resolve()
    return Settings(
        home=home,
        secrets=Path(os.environ.get("CONTRAIL_SECRETS_DIR", home / "secrets")),
        host=os.environ.get("CONTRAIL_HOST", "127.0.0.1"),
        core_port=int(os.environ.get("CONTRAIL_CORE_PORT", "55432")),
    )
