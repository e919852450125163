"""The core's settings: read from the environment (prefix CONTRAIL_) in this one place."""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL


class Environment(StrEnum):
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CONTRAIL_")

    home: Path = Path(".contrail")
    secrets_dir: Path | None = None
    environment: Environment = Environment.PRODUCTION
    host: str = "127.0.0.1"
    core_port: int = 55432
    sandbox_gateway_port: int = 58010
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 58025
    mail_sender: str = "Contrail <bookings@contrail.example>"
    metrics_port: int = 9464
    geoip_csv: Path | None = None
    issuer: str = "contrail"
    pool_size: int = 10
    password_hash_parallelism: int = 2
    # All rate limits times this: a bench or a test asks from one address what a thousand travellers would.
    rate_limit_factor: float = Field(default=1.0, gt=0)

    @property
    def is_sandbox(self) -> bool:
        return self.environment is Environment.SANDBOX

    def secret(self, name: str) -> str:
        """The content of one file under the secrets folder. Raises FileNotFoundError when it is missing."""
        folder = self.secrets_dir or self.home / "secrets"
        return (folder / name).read_text(encoding="utf-8").strip()

    def dsn(self, role: str) -> URL:
        """Where and as whom to reach the core database, for SQLAlchemy."""
        return URL.create(
            "postgresql+psycopg",
            username=role,
            password=self.secret(_password_file(role)),
            host=self.host,
            port=self.core_port,
            database="contrail",
        )


def _password_file(role: str) -> str:
    return f"{role.removeprefix('contrail_')}_password"


@lru_cache
def get_settings() -> Settings:
    return Settings()
