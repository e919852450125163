"""The core's settings: read from the environment (prefix CONTRAIL_) in this one place."""

from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL

from app.core.secrets import EnvironmentSource, FileSource, Source, VaultSettings, VaultSource, resolve


class Environment(StrEnum):
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CONTRAIL_")

    home: Path = Path(".contrail")
    secrets_dir: Path | None = None
    vault_url: str | None = None
    vault_mount: str = "secret"
    vault_path: str = "contrail"
    vault_token_file: Path | None = None
    vault_role_id: str | None = None
    vault_secret_id_file: Path | None = None
    vault_ca_file: Path | None = None
    environment: Environment = Environment.PRODUCTION
    host: str = "127.0.0.1"
    core_port: int = 55432
    sandbox_gateway_port: int = 58010
    smtp_host: str = "127.0.0.1"
    smtp_port: int = 58025
    mail_sender: str = "Contrail <bookings@contrail.example>"
    metrics_port: int = 9464
    stripe_api_base: str = "https://api.stripe.com"
    paypal_api_base: str = "https://api-m.paypal.com"
    # In the sandbox alone: lets webhooks be sent to this machine, to try them without a public address.
    webhooks_to_loopback: bool = False
    geoip_csv: Path | None = None
    issuer: str = "contrail"
    # Where outside offers are asked for; without it they are not, and no token is needed.
    duffel_url: str | None = None
    pool_size: int = 10
    password_hash_parallelism: int = 2
    # Searches are answered from departures kept in each process; without it, from the database.
    departures_in_memory: bool = True
    # valkey://host:port of a store in which processes leave answers for each other; works without.
    cache_url: str | None = None
    # All rate limits times this: a bench or a test asks from one address what a thousand travellers would.
    rate_limit_factor: float = Field(default=1.0, gt=0)

    @property
    def is_sandbox(self) -> bool:
        return self.environment is Environment.SANDBOX

    def secret(self, name: str) -> str:
        """A secret from the environment, Vault if one is configured, or a file. Raises SecretMissing."""
        return resolve(name, self._secret_sources)

    @cached_property
    def _secret_sources(self) -> list[Source]:
        files = FileSource(self.secrets_dir or self.home / "secrets")
        if self.vault_url is None:
            return [EnvironmentSource(), files]
        vault = VaultSettings(
            url=self.vault_url,
            mount=self.vault_mount,
            path=self.vault_path,
            token_file=self.vault_token_file,
            role_id=self.vault_role_id,
            secret_id_file=self.vault_secret_id_file,
            ca_file=self.vault_ca_file,
        )
        return [EnvironmentSource(), VaultSource(vault), files]

    def has_secret(self, name: str) -> bool:
        try:
            return bool(self.secret(name))
        except FileNotFoundError:
            return False

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
