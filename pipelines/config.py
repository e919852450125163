"""What the dataflows are told by their environment."""

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

FLOWS = ("landing", "availability", "fraud", "notifications")


class PipelineError(Exception):
    """A flow cannot go on; the message is one sentence: what, why, what to do. The supervisor retries."""


class Settings(BaseSettings):
    """Settings from CONTRAIL_* variables; secrets are files in `secrets_dir`."""

    model_config = SettingsConfigDict(env_prefix="CONTRAIL_", extra="ignore", frozen=True)

    home: Path = Path(".contrail")
    secrets_dir: Path | None = None
    host: str = "127.0.0.1"
    core_port: int = 55432
    kafka_port: int = 59092
    kafka_partitions: int = Field(default=1, ge=1, le=64)
    kafka_replication: int = Field(default=1, ge=1, le=5)
    kafka_retention_hours: int = Field(default=168, ge=1)
    metrics_port: int = 9464
    landing_flush_seconds: float = Field(default=30.0, gt=0)
    landing_flush_rows: int = Field(default=50_000, ge=1)
    lake_floor_mb: int = Field(default=512, ge=0)

    @property
    def bootstrap(self) -> str:
        return f"{self.host}:{self.kafka_port}"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    def recovery(self, flow: str) -> Path:
        return self.home / "recovery" / flow

    def metrics_port_of(self, flow: str) -> int:
        """Each flow serves its metrics beside the others, in the order of FLOWS."""
        return self.metrics_port + FLOWS.index(flow)

    @cached_property
    def live_dsn(self) -> str:
        """Connection string of the role that owns what the streams write. Raises PipelineError."""
        secret = (self.secrets_dir or self.home / "secrets") / "live_rw_password"
        try:
            password = secret.read_text().strip()
        except OSError as error:
            raise PipelineError(
                f"cannot read {secret} ({error.strerror}): start the stack once so that it makes its secrets"
            ) from error
        return (
            f"host={self.host} port={self.core_port} dbname=contrail user=live_rw password={password} "
            "connect_timeout=5"
        )
