"""Owns the settings of the orchestration and its lazy connections: nothing here runs on import."""

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster
import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

REPOSITORY = Path(__file__).resolve().parent.parent
SCHEMA_SQL = Path(__file__).with_name("raw.sql")

DBT_PROJECT = REPOSITORY / "dbt"
DBT_TARGET = "warehouse"
DBT_MANIFEST = DBT_PROJECT / "target" / DBT_TARGET / "manifest.json"

# A loader or a build in another process may hold the warehouse this long; then something is wrong.
LOCK_WAIT = "900s"


@dataclass(frozen=True)
class Settings:
    """Where everything is: paths, and one connection string per role."""

    home: Path
    warehouse_dsn: str
    core_dsn: str
    heartbeat_dsn: str
    kafka: str

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @classmethod
    def from_env(cls) -> "Settings":
        """Read the environment and the secret files. Raises FileNotFoundError when a secret is missing."""
        home = Path(os.environ.get("CONTRAIL_HOME", ".contrail")).resolve()
        host = os.environ.get("CONTRAIL_HOST", "127.0.0.1")
        core_port = os.environ.get("CONTRAIL_CORE_PORT", "55432")
        return cls(
            home=home,
            warehouse_dsn=make_conninfo(
                host=host,
                port=os.environ.get("CONTRAIL_WAREHOUSE_PORT", "55433"),
                dbname="warehouse",
                user="warehouse",
                password=secret("warehouse_password"),
            ),
            core_dsn=make_conninfo(
                host=host,
                port=core_port,
                dbname="contrail",
                user="app_ro",
                password=secret("app_ro_password"),
            ),
            heartbeat_dsn=make_conninfo(
                host=host, port=core_port, dbname="contrail", user="cdc", password=secret("cdc_password")
            ),
            kafka=f"{host}:{os.environ.get('CONTRAIL_KAFKA_PORT', '59092')}",
        )


def secret(name: str) -> str:
    """Read one secret file of the stack."""
    home = Path(os.environ.get("CONTRAIL_HOME", ".contrail"))
    folder = Path(os.environ.get("CONTRAIL_SECRETS_DIR", str(home / "secrets")))
    return (folder / name).read_text(encoding="utf-8").strip()


class Contrail(dagster.ConfigurableResource[Any]):
    """Hands the settings to assets; reads the environment only when asked."""

    def settings(self) -> Settings:
        return Settings.from_env()


def dagster_environment() -> dict[str, str]:
    """The variables dagster.yaml refers to, for a process that the stack did not start."""
    home = Path(os.environ.get("CONTRAIL_HOME", ".contrail")).resolve()
    return {
        "DAGSTER_HOME": str(home / "dagster"),
        "DAGSTER_PG_HOST": os.environ.get("CONTRAIL_HOST", "127.0.0.1"),
        "DAGSTER_PG_PORT": os.environ.get("CONTRAIL_WAREHOUSE_PORT", "55433"),
        "DAGSTER_PG_DB": "dagster",
        "DAGSTER_PG_USERNAME": "dagster",
        "DAGSTER_PG_PASSWORD": secret("dagster_password"),
        "DAGSTER_COMPUTE_LOGS": str(home / "dagster" / "compute_logs"),
        "DAGSTER_ARTIFACTS": str(home / "dagster" / "artifacts"),
    }


def warehouse_connection(settings: Settings) -> psycopg.Connection[Any]:
    """Connect to the warehouse with autocommit and make its raw and ops tables where they are missing."""
    connection = psycopg.connect(settings.warehouse_dsn, autocommit=True, application_name="orchestration")
    try:
        connection.execute("set timezone to 'UTC'")
        if not _is_current(connection):
            _apply_schema(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_current(connection: psycopg.Connection[Any]) -> bool:
    """Whether the schema's comment names the version of raw.sql that is in this checkout."""
    row = connection.execute("select obj_description(to_regnamespace('raw'), 'pg_namespace')").fetchone()
    return bool(row and row[0] == _schema_version())


def _apply_schema(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('contrail.schema', 0))")
        connection.execute(SCHEMA_SQL.read_text(encoding="utf-8"))
        comment = sql.SQL("comment on schema raw is {}").format(_schema_version())
        connection.execute(comment)


def _schema_version() -> str:
    return f"raw.sql {hashlib.sha256(SCHEMA_SQL.read_bytes()).hexdigest()[:16]}"


@contextmanager
def only_writer(settings: Settings, name: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold the advisory lock `name` across processes: pools only bind runs the daemon queued."""
    with warehouse_connection(settings) as connection:
        connection.execute(f"set lock_timeout = '{LOCK_WAIT}'")
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [f"contrail.{name}"])
        yield connection


@contextmanager
def duckdb_with_warehouse(
    settings: Settings, database: str = ":memory:"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with the warehouse attached as `wh`; rows move between the two without Python."""
    engine = duckdb.connect(database)
    try:
        engine.execute("set timezone = 'UTC'")
        engine.execute(f"load '{postgres_scanner()}'")
        engine.execute(f"create secret warehouse ({_secret_options(settings.warehouse_dsn)})")
        engine.execute("attach '' as wh (type postgres, secret warehouse)")
        yield engine
    finally:
        engine.close()


def postgres_scanner() -> Path:
    """The extension file of the wheel, so that nothing is downloaded at run time."""
    spec = importlib.util.find_spec("duckdb_extension_postgres_scanner")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("duckdb-extension-postgres-scanner is not installed: run make setup")
    return next(Path(spec.origin).parent.rglob("postgres_scanner.duckdb_extension"))


def _secret_options(dsn: str) -> str:
    fields = conninfo_to_dict(dsn)
    options = [
        f"{'database' if field == 'dbname' else field} {_literal(str(fields[field]))}"
        for field in ("host", "port", "dbname", "user", "password")
        if fields.get(field)
    ]
    return ", ".join(["type postgres", *options])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
