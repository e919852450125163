"""Where secrets come from: the environment, a Vault server, or files. Never the database, never a log."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

PREFIX = "CONTRAIL_SECRET_"
# A secret that was rotated in Vault is in use after this long, and a process does not ask for each use.
REMEMBERED_SECONDS = 300.0
VAULT_TIMEOUT_SECONDS = 5


class SecretMissing(FileNotFoundError):
    """No source has the secret. Names it, and where it was looked for; never a value."""


class Source(Protocol):
    """One place secrets come from."""

    def find(self, name: str) -> str | None:
        """The secret, or None when this source does not have it. Raises when the source cannot be asked."""
        ...

    def place(self, name: str) -> str:
        """Where the secret would be, for an error a person reads."""
        ...


@dataclass(frozen=True)
class EnvironmentSource:
    """CONTRAIL_SECRET_<NAME>, capitals, everything else an underscore: app_rw_password is
    CONTRAIL_SECRET_APP_RW_PASSWORD, vault_keys.json is CONTRAIL_SECRET_VAULT_KEYS_JSON."""

    def find(self, name: str) -> str | None:
        return os.environ.get(self.place(name)) or None

    def place(self, name: str) -> str:
        return PREFIX + "".join(letter if letter.isalnum() else "_" for letter in name).upper()


@dataclass(frozen=True)
class FileSource:
    """One file a secret, as the local stack, Docker and Kubernetes mount them."""

    folder: Path

    def find(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    def place(self, name: str) -> str:
        return str(self.folder / name)


@dataclass(frozen=True)
class VaultSettings:
    """How to reach a Vault server, its key-value store version 2. Its token is a file, or comes of an AppRole
    whose secret id is a file."""

    url: str
    mount: str = "secret"
    path: str = "contrail"
    token_file: Path | None = None
    role_id: str | None = None
    secret_id_file: Path | None = None
    ca_file: Path | None = None


@dataclass
class VaultSource:
    """All secrets are the fields of one entry, read at once and remembered for a while."""

    settings: VaultSettings
    _fields: dict[str, str] = field(default_factory=dict, repr=False)
    _read_at: float | None = field(default=None, repr=False)

    def find(self, name: str) -> str | None:
        if self._read_at is None or time.monotonic() - self._read_at > REMEMBERED_SECONDS:
            self._fields = self._read()
            self._read_at = time.monotonic()
        return self._fields.get(name)

    def place(self, name: str) -> str:
        return f"field {name} of {self.settings.mount}/{self.settings.path} in Vault"

    def _read(self) -> dict[str, str]:
        import hvac  # only where a Vault is used: it takes a while to import

        settings = self.settings
        verify = str(settings.ca_file) if settings.ca_file else True
        client = hvac.Client(url=settings.url, timeout=VAULT_TIMEOUT_SECONDS, verify=verify)
        try:
            self._log_in(client)
            answer = client.secrets.kv.v2.read_secret_version(
                path=settings.path, mount_point=settings.mount, raise_on_deleted_version=True
            )
        finally:
            client.adapter.close()
        return {name: str(value) for name, value in answer["data"]["data"].items()}

    def _log_in(self, client: Any) -> None:
        settings = self.settings
        if settings.role_id is not None and settings.secret_id_file is not None:
            secret_id = settings.secret_id_file.read_text(encoding="utf-8").strip()
            client.auth.approle.login(role_id=settings.role_id, secret_id=secret_id)
        elif settings.token_file is not None:
            client.token = settings.token_file.read_text(encoding="utf-8").strip()
        else:
            raise SecretMissing("Vault is configured without a token file and without an AppRole")


def resolve(name: str, sources: list[Source]) -> str:
    """The secret from the first source that has it. Raises SecretMissing, and whatever a source that
    cannot be asked raises: a Vault that is down must not let an old file speak."""
    for source in sources:
        value = source.find(name)
        if value is not None:
            return value
    places = "; ".join(source.place(name) for source in sources)
    raise SecretMissing(f"there is no secret {name}: looked for {places}")
