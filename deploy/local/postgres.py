"""Postgres from a wheel: make a cluster, run it, give it its roles, and stop it.

The stack runs two clusters under its supervisor. Tests start a bare core cluster with
`core_cluster(home, port)`, which has its roles, database and tables when it returns.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from deploy.local.errors import StackError
from deploy.local.postgres_files import binaries, data_folder, discard_data
from deploy.local.secrets import ensure_secrets
from deploy.local.settings import DEFAULT_HOST, PROJECT_ROOT, StackSettings, port_setting
from deploy.local.system_user import give, postgres_user, run_as

SUPERUSER = "postgres"
CONFIGURATION = PROJECT_ROOT / "deploy" / "postgres"
INITDB_LIMIT_SECONDS = 120
# After a kill the server first replays its log: at most max_wal_size of it.
START_LIMIT_SECONDS = 120
STOP_LIMIT_SECONDS = 60
MIGRATIONS_LIMIT_SECONDS = 180
POLL_SECONDS = 0.05

# The secret of each role; psql reads <ROLE>_VERIFIER, so no password is ever in a statement or an argument.
ROLE_SECRETS = {
    "core": {
        "contrail_owner": "owner_password",
        "app_rw": "app_rw_password",
        "app_ro": "app_ro_password",
        "cdc": "cdc_password",
        "live_rw": "live_rw_password",
        "bi_reader": "bi_reader_password",
    },
    "warehouse": {
        "warehouse": "warehouse_password",
        "dagster": "dagster_password",
        "bi_reader": "bi_reader_password",
    },
}


class PostgresError(StackError):
    """A cluster could not be made, started or stopped; the message says why."""


@dataclass(frozen=True)
class RunningCluster:
    """A server started by `start_cluster`, to be handed to `stop_cluster`."""

    name: str
    home: Path
    host: str
    port: int
    process: subprocess.Popen[bytes]


def prepare_cluster(home: Path, cluster: str) -> Path:
    """Make the data folder of a cluster unless it is there, and lay the present settings in it.

    Returns the folder. `home`/secrets must hold the superuser's password.
    """
    user = postgres_user()
    folder = data_folder(home, cluster, user)
    if not (folder / "PG_VERSION").exists():
        _initialise(home, cluster, folder)
    for name in ("common.conf", "pg_hba.conf"):
        _place(CONFIGURATION / name, folder / name)
    _place(CONFIGURATION / f"{cluster}.conf", folder / "contrail.conf")
    main = folder / "postgresql.conf"
    if "include 'contrail.conf'" not in main.read_text():
        with main.open("a") as file:
            file.write("\ninclude 'contrail.conf'\n")
    return folder


def server_command(home: Path, cluster: str, host: str, port: int) -> list[str]:
    """The command that runs a prepared cluster in the foreground, listening on TCP alone."""
    user = postgres_user()
    folder = data_folder(home, cluster, user)
    return [
        str(binaries(user) / "postgres"),
        "-D",
        str(folder),
        "-c",
        f"listen_addresses={host}",
        "-c",
        f"port={port}",
        "-c",
        "unix_socket_directories=",
        "-c",
        f"cluster_name=contrail-{cluster}",
    ]


def start_cluster(home: Path, cluster: str, port: int, host: str = DEFAULT_HOST) -> RunningCluster:
    """Make and start a cluster outside any supervisor; returns once it answers a query."""
    ensure_secrets(home / "secrets")
    prepare_cluster(home, cluster)
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    log = logs / f"postgres-{cluster}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            server_command(home, cluster, host, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            **run_as(postgres_user()),
        )
    running = RunningCluster(cluster, home, host, port, process)
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not answers(superuser_dsn(home, cluster, host, port)):
        if process.poll() is not None or time.monotonic() > deadline:
            stop_cluster(running)
            raise PostgresError(f"postgres-{cluster} did not start on port {port}; see {log}")
        time.sleep(POLL_SECONDS)
    return running


def stop_cluster(running: RunningCluster, *, remove: bool = False) -> None:
    """Stop a server fast and clean (clients are cut off, the log is complete); `remove` deletes its data."""
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGINT)
        try:
            running.process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait(STOP_LIMIT_SECONDS)
    if remove:
        discard_data(running.home, running.name)


@contextlib.contextmanager
def core_cluster(home: Path, port: int, host: str = DEFAULT_HOST) -> Iterator[RunningCluster]:
    """A core cluster with roles, database and tables for the length of a `with`; then its data goes."""
    running = start_cluster(home, "core", port, host)
    try:
        ensure_roles(home, "core", host, port)
        run_migrations(core_environment(home, port, host))
        yield running
    finally:
        stop_cluster(running, remove=True)


def core_environment(home: Path, port: int, host: str = DEFAULT_HOST) -> dict[str, str]:
    """The variables by which a program finds the core cluster under `home`."""
    return {
        "CONTRAIL_HOME": str(home),
        "CONTRAIL_SECRETS_DIR": str(home / "secrets"),
        "CONTRAIL_HOST": host,
        port_setting("core"): str(port),
        "CONTRAIL_ENVIRONMENT": "sandbox",
    }


def ensure_roles(home: Path, cluster: str, host: str, port: int) -> None:
    """Make the roles and databases of a running cluster, or bring them up to date with the secrets."""
    dsn = superuser_dsn(home, cluster, host, port)
    verifiers = {}
    with psycopg.connect(dsn) as connection:
        for role, secret in ROLE_SECRETS[cluster].items():
            password = (home / "secrets" / secret).read_text().strip()
            verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
            verifiers[f"{role.upper()}_VERIFIER"] = verifier.decode()
    script = CONFIGURATION / f"{cluster}_roles.sql"
    done = subprocess.run(
        [str(binaries(None) / "psql"), "--no-psqlrc", "--quiet", "--file", str(script)],
        env={**os.environ, **verifiers, **_libpq_environment(home, cluster, host, port)},
        capture_output=True,
        text=True,
        timeout=START_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise PostgresError(f"{script.name} failed on port {port}: {done.stderr.strip()}")


def run_migrations(environment: dict[str, str]) -> None:
    """Bring the core's tables to the newest revision, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", "app/migrations/alembic.ini", "upgrade", "head"],
        cwd=PROJECT_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=MIGRATIONS_LIMIT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise PostgresError(f"the migrations failed: {''.join(reason)}")


def superuser_dsn(home: Path, cluster: str, host: str, port: int) -> str:
    password = (home / "secrets" / f"{cluster}_superuser_password").read_text().strip()
    return f"host={host} port={port} dbname=postgres user={SUPERUSER} password={password} connect_timeout=2"


def answers(dsn: str) -> bool:
    """Whether a server takes a login and answers a query right now."""
    try:
        with psycopg.connect(dsn) as connection:
            connection.execute("select 1")
    except psycopg.OperationalError:
        return False
    return True


def cluster_settings(settings: StackSettings, cluster: str) -> tuple[Path, str, str, int]:
    """The (home, cluster, host, port) that the functions here take."""
    return settings.home, cluster, settings.host, int(getattr(settings.ports, cluster))


def _initialise(home: Path, cluster: str, folder: Path) -> None:
    user = postgres_user()
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(mode=0o700)
    give(user, unfinished)
    password = (home / "secrets" / f"{cluster}_superuser_password").read_text()
    with tempfile.NamedTemporaryFile("w", prefix="contrail-") as password_file:
        password_file.write(password)
        password_file.flush()
        give(user, Path(password_file.name))
        made = subprocess.run(
            [
                str(binaries(user) / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
            ],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=INITDB_LIMIT_SECONDS,
            check=False,
            **run_as(user),
        )
    if made.returncode != 0:
        raise PostgresError(f"initdb of postgres-{cluster} failed: {made.stderr.strip()}")
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)


def _place(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    give(postgres_user(), target)


def _libpq_environment(home: Path, cluster: str, host: str, port: int) -> dict[str, str]:
    return {
        "PGHOST": host,
        "PGPORT": str(port),
        "PGUSER": SUPERUSER,
        "PGPASSWORD": (home / "secrets" / f"{cluster}_superuser_password").read_text().strip(),
        "PGDATABASE": "postgres",
        "PGCONNECT_TIMEOUT": "5",
    }
