"""Keeps capture going: restarts failed tasks, finds the way back from a lost slot, says when it cannot."""

import signal
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from prometheus_client import start_http_server

from connect.heartbeat import HeartbeatReader, KafkaUnreachable
from connect.metrics import Metrics
from connect.register import describe
from connect.rest import ConnectClient, ConnectRefused, ConnectUnreachable
from connect.settings import Settings
from connect.slot import Slot, drop_slot, find_slot

ROUND_SECONDS = 2.0
# A task is restarted at once, then more and more slowly; what fails this often needs a person.
RESTARTS_BEFORE_ALARM = 3
LONGEST_PAUSE_SECONDS = 60.0
# Six beats of the connector's own (every 5 s). A snapshot holds beats back for as long as it runs.
STALE_HEARTBEAT_SECONDS = 30.0
# How long Connect gets to stop a task before the slot is dropped under it.
STOP_LIMIT_SECONDS = 60.0

log = structlog.get_logger("connect.watchdog")

# What a round may meet while a part of the stack is down; the next round asks again.
UNREACHABLE = (ConnectUnreachable, KafkaUnreachable, psycopg.OperationalError)


@dataclass
class Restarts:
    """How often the present failure was answered with a restart, and when the next may come."""

    count: int = 0
    not_before: float = 0.0

    def is_due(self, now: float) -> bool:
        return now >= self.not_before

    def note(self, now: float) -> None:
        self.count += 1
        self.not_before = now + min(2.0**self.count, LONGEST_PAUSE_SECONDS)

    @property
    def is_alarming(self) -> bool:
        return self.count >= RESTARTS_BEFORE_ALARM


@dataclass
class Watchdog:
    """One connector under watch; `round` looks once at everything and acts on what it sees."""

    settings: Settings
    connect: ConnectClient
    metrics: Metrics
    restarts: Restarts = field(default_factory=Restarts)
    _reader: HeartbeatReader | None = None
    _reading_since: datetime | None = None

    def round(self) -> None:
        """Look at the connector, its slot and its heartbeat. Raises one of UNREACHABLE."""
        status = self.connect.status()
        self.metrics.note_connector(status)
        with psycopg.connect(self.settings.dsn(), autocommit=True) as connection:
            slot = find_slot(connection)
            self.metrics.note_slot(slot)
            if status is not None and self._is_slot_gone(slot):
                self.find_the_way_back(connection, slot)
                return
        self._look_at_heartbeat(status)
        if status is not None:
            self._restart_what_failed(status)

    def find_the_way_back(self, connection: psycopg.Connection[tuple[Any, ...]], slot: Slot | None) -> None:
        """Forget the lost slot and the offsets that belonged to it, so that a new snapshot is taken.

        Rows written in between are in the snapshot; rows deleted in between are found by reconciliation.
        """
        log.error("replication slot lost, taking a new snapshot", slot=slot._asdict() if slot else None)
        self.metrics.slots_lost.inc()
        self.connect.stop()
        self._wait_until_stopped()
        if slot is not None:
            drop_slot(connection)
        self.connect.delete_offsets()
        self.connect.resume()
        self.restarts = Restarts()
        log.warning("connector resumed without offsets")

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def _is_slot_gone(self, slot: Slot | None) -> bool:
        """Whether the log the connector would go on from is no longer kept."""
        if slot is not None:
            return slot.is_lost
        return bool(self.connect.offsets())

    def _restart_what_failed(self, status: dict[str, Any]) -> None:
        failed = [task for task in status["tasks"] if task["state"] == "FAILED"]
        now = time.monotonic()
        if not failed and status["connector"]["state"] != "FAILED":
            if status["connector"]["state"] == "RUNNING" and self.restarts.is_due(now):
                self.restarts = Restarts()
            self.metrics.raise_alarm("failing", self.restarts.is_alarming)
            return
        if not self.restarts.is_due(now):
            return
        self.restarts.note(now)
        self.metrics.restarts.inc()
        self.metrics.raise_alarm("failing", self.restarts.is_alarming)
        tell = log.error if self.restarts.is_alarming else log.warning
        tell("connector failed, restarting it", restart=self.restarts.count, state=describe(status))
        self.connect.restart_failed()

    def _look_at_heartbeat(self, status: dict[str, Any] | None) -> None:
        """RUNNING proves nothing: what counts is that beats written in Postgres arrive in Kafka."""
        if self._reader is None or self._reading_since is None:
            self._reader = HeartbeatReader(self.settings)
            self._reading_since = datetime.now(UTC)
        newest = self._reader.read() or self._reading_since
        age = (datetime.now(UTC) - newest).total_seconds()
        self.metrics.heartbeat_age_seconds.set(age)
        is_stale = status is not None and age > STALE_HEARTBEAT_SECONDS
        if self.metrics.raise_alarm("heartbeat", is_stale) and is_stale:
            log.error("no heartbeat arrives in Kafka", age_seconds=round(age, 1), state=describe(status))

    def _wait_until_stopped(self) -> None:
        deadline = time.monotonic() + STOP_LIMIT_SECONDS
        while time.monotonic() < deadline:
            status = self.connect.status()
            if status is None or (status["connector"]["state"] == "STOPPED" and not status["tasks"]):
                return
            time.sleep(ROUND_SECONDS / 4)
        raise ConnectUnreachable(f"the connector did not stop within {STOP_LIMIT_SECONDS:.0f} s")


def main() -> None:
    """Watch until told to stop."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ]
    )
    settings = Settings.from_environment()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    metrics = Metrics()
    start_http_server(settings.metrics_port, addr=settings.host)
    with ConnectClient(settings.connect_url) as connect:
        watchdog = Watchdog(settings, connect, metrics)
        while not stop.is_set():
            try:
                watchdog.round()
                metrics.raise_alarm("unreachable", False)
            except UNREACHABLE as error:
                if metrics.raise_alarm("unreachable", True):
                    log.warning("capture cannot be looked at", reason=str(error).strip())
            except ConnectRefused as error:
                log.error("Kafka Connect refused", reason=str(error))
            stop.wait(ROUND_SECONDS)
        watchdog.close()


if __name__ == "__main__":
    main()
