"""Databases the tests start for themselves: one cluster a session, shared by all."""

import socket
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

from deploy.local.postgres import ROLE_SECRETS

HOST = "127.0.0.1"


@dataclass(frozen=True)
class TestDatabase:
    """One database of the session's cluster, as each role may see it."""

    __test__ = False

    cluster: str
    name: str
    home: Path
    port: int
    host: str = HOST

    def conninfo(self, role: str) -> str:
        """A libpq connection string."""
        return make_conninfo(
            host=self.host, port=self.port, dbname=self.name, user=role, password=self._password(role)
        )

    def dsn(self, role: str) -> URL:
        """The same for SQLAlchemy."""
        return URL.create(
            "postgresql+psycopg",
            username=role,
            password=self._password(role),
            host=self.host,
            port=self.port,
            database=self.name,
        )

    def _password(self, role: str) -> str:
        return (self.home / "secrets" / ROLE_SECRETS[self.cluster][role]).read_text().strip()


def free_port() -> int:
    """A port of this machine that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
