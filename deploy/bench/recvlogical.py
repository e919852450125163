"""pg_recvlogical: Postgres's own reader of a slot, the limit that capture is held against."""

import contextlib
import os
import re
import select
import subprocess
import threading
import time
from collections.abc import Iterator
from uuid import UUID

import psycopg

from deploy.bench.runner import BenchFailed
from deploy.local.postgres_files import binaries
from deploy.local.settings import StackSettings

SLOT = "contrail_bench"
OPTIONS = ("-o", "proto_version=1", "-o", "publication_names=contrail")
DRAIN_LIMIT_SECONDS = 120.0
STOP_LIMIT_SECONDS = 10.0
CHUNK_BYTES = 1 << 20
UUID_TEXT = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUID_LENGTH = 36


@contextlib.contextmanager
def own_slot(settings: StackSettings) -> Iterator[None]:
    """A slot of pgoutput's for the length of a `with`, from the present end of the log on."""
    dsn = settings.dsn("core", "contrail", "cdc", "cdc_password")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", (SLOT,))
        try:
            yield
        finally:
            connection.execute("select pg_drop_replication_slot(%s)", (SLOT,))


class Arrivals:
    """When pg_recvlogical wrote each row's change, from a reader that runs beside the measurement."""

    def __init__(self, settings: StackSettings) -> None:
        self._process = _start(settings)
        self._at: dict[UUID, float] = {}
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def of(self, row_id: UUID) -> float | None:
        """Seconds since 1970 at which the row's latest change was read; None while it was not."""
        return self._at.get(row_id)

    def forget(self) -> None:
        self._at.clear()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(STOP_LIMIT_SECONDS)
        self._thread.join(STOP_LIMIT_SECONDS)
        _close(self._process)

    def _read(self) -> None:
        tail = b""
        while chunk := os.read(_output(self._process), CHUNK_BYTES):
            now = time.time()
            text = tail + chunk
            for found in UUID_TEXT.finditer(text):
                self._at[UUID(found.group().decode())] = now
            # An id may be cut by the end of a chunk; one that was whole is not read again.
            tail = text[-(UUID_LENGTH - 1) :]


def drain_seconds(settings: StackSettings, end_lsn: str) -> float:
    """Seconds from the first to the last byte pg_recvlogical reads of the slot, up to `end_lsn`."""
    process = _start(settings, "--endpos", end_lsn)
    first = last = 0.0
    deadline = time.monotonic() + DRAIN_LIMIT_SECONDS
    try:
        while _read_before(process, deadline):
            last = time.monotonic()
            first = first or last
        if process.wait(STOP_LIMIT_SECONDS) != 0 or last == first:
            raise BenchFailed("pg_recvlogical ended without having read its slot")
    finally:
        process.kill()
        process.wait(STOP_LIMIT_SECONDS)
        _close(process)
    return last - first


def _start(settings: StackSettings, *more: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            str(binaries(None) / "pg_recvlogical"),
            *("--host", settings.host, "--port", str(settings.ports.core)),
            *("--username", "cdc", "--dbname", "contrail", "--no-password"),
            *("--slot", SLOT, "--start", "--no-loop", "--file", "-", *OPTIONS, *more),
        ],
        env={**os.environ, "PGPASSWORD": settings.secret("cdc_password")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )


def _output(process: "subprocess.Popen[bytes]") -> int:
    if process.stdout is None:
        raise BenchFailed("pg_recvlogical has no output to read")
    return process.stdout.fileno()


def _read_before(process: "subprocess.Popen[bytes]", deadline: float) -> bytes:
    """What comes next, empty at the end. Raises BenchFailed when nothing comes before the deadline."""
    left = max(0.0, deadline - time.monotonic())
    if not select.select([_output(process)], [], [], left)[0]:
        raise BenchFailed(f"pg_recvlogical did not read its slot within {DRAIN_LIMIT_SECONDS:.0f} s")
    return os.read(_output(process), CHUNK_BYTES)


def _close(process: "subprocess.Popen[bytes]") -> None:
    if process.stdout is not None:
        process.stdout.close()
