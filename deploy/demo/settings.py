"""Where the stack is: the environment of deploy/demo, read in this one place."""

import os
from pathlib import Path

from psycopg.conninfo import make_conninfo


def home() -> Path:
    return Path(os.environ.get("CONTRAIL_HOME", ".contrail")).absolute()


def secret(name: str) -> str:
    """The content of one file under the secrets folder."""
    folder = Path(os.environ.get("CONTRAIL_SECRETS_DIR") or home() / "secrets")
    return (folder / name).read_text(encoding="utf-8").strip()


def core_dsn(role: str) -> str:
    """How to reach the core database in a role."""
    return _dsn("CONTRAIL_CORE_PORT", "55432", "contrail", role)


def warehouse_dsn() -> str:
    """How to reach the warehouse database as its owner."""
    return _dsn("CONTRAIL_WAREHOUSE_PORT", "55433", "warehouse", "warehouse")


def _dsn(port_name: str, port: str, database: str, role: str) -> str:
    return make_conninfo(
        host=os.environ.get("CONTRAIL_HOST", "127.0.0.1"),
        port=os.environ.get(port_name, port),
        dbname=database,
        user=role,
        password=secret(f"{role.removeprefix('contrail_')}_password"),
    )
