"""Capture on real Postgres, Kafka and Debezium: its proof, its pace, and its way back from a lost slot."""

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition

from connect.rest import ConnectClient
from connect.settings import Settings
from deploy.local.postgres import superuser_dsn
from tests.stack import Stack, wait_until

pytestmark = pytest.mark.stack

AIRLINES = "contrail.app.airlines"
REFILL = "insert into app.airlines (code, name, simulated) values (%s, %s, true)"


@pytest.fixture
def settings(capture: Stack) -> Settings:
    return Settings.from_environment(capture.environment)


@pytest.fixture
def superuser(capture: Stack) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    port = int(capture.environment["CONTRAIL_CORE_PORT"])
    dsn = superuser_dsn(capture.home, "core", "127.0.0.1", port).replace("dbname=postgres", "dbname=contrail")
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def captured_codes(stack: Stack) -> list[str]:
    """The codes of all airlines in Kafka, one an event."""
    consumer = Consumer(
        {
            "bootstrap.servers": stack.bootstrap,
            "group.id": "test",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
        }
    )
    try:
        low, _ = consumer.get_watermark_offsets(TopicPartition(AIRLINES, 0), timeout=10)
        consumer.assign([TopicPartition(AIRLINES, 0, low)])
        codes = []
        while (message := consumer.poll(10)) is not None and message.error() is None:
            codes.append(json.loads(message.value() or b"")["after"]["code"])
        return codes
    finally:
        consumer.close()


def metric(stack: Stack, name: str) -> float:
    port = int(stack.environment["CONTRAIL_METRICS_PORT"]) + 5
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
        text = page.read().decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"no metric {name}"
    return float(found.group(1))


def test_registering_again_changes_nothing_and_is_proved_by_a_heartbeat(capture: Stack) -> None:
    done = capture.run("connect.register", "--json")

    outcome = json.loads(done.stdout)
    assert outcome["changes"] == []
    assert outcome["seconds"] < 30


def test_a_changed_setting_is_put_back_and_told(capture: Stack, settings: Settings) -> None:
    with ConnectClient(settings.connect_url) as connect:
        config = connect.config()
        assert config is not None
        connect.put_config(config | {"poll.interval.ms": "500"})

    done = capture.run("connect.register")

    assert "~ poll.interval.ms: 500 -> 10" in done.stdout


def test_registration_fails_when_nothing_arrives(capture: Stack, settings: Settings) -> None:
    """RUNNING proves nothing: a paused task answers every question politely."""
    with ConnectClient(settings.connect_url) as connect:
        connect.stop()
        try:
            done = capture.run("connect.register", "--limit-seconds", "3", check=False)
        finally:
            connect.resume()

    assert done.returncode == 1
    assert "did not arrive in Kafka" in done.stderr
    assert "STOPPED" in done.stderr
    capture.run("connect.register")


def test_the_connector_beats_by_itself(capture: Stack) -> None:
    began = datetime.now(UTC)
    with capture.database("app_ro") as core:

        def beaten() -> bool:
            row = core.execute("select beat_at from app.heartbeat").fetchone()
            return row is not None and row[0] > began

        wait_until("a heartbeat of the connector's own", beaten, 30)
    wait_until("the beat in Kafka", lambda: metric(capture, "contrail_heartbeat_age_seconds") < 15, 30)


def test_status_measures_the_way_to_kafka(capture: Stack) -> None:
    # Only a heartbeat that streamed has a way to measure; the first one may have come by snapshot.
    lag = wait_until("a measured lag", lambda: capture.status()["lags_ms"]["kafka"], 60)

    assert 0 < lag < 5_000


def test_every_service_of_capture_is_ready(capture: Stack) -> None:
    states = {service["name"]: service["state"] for service in capture.status()["services"]}

    assert {name for name, state in states.items() if state == "ready"} == {
        "postgres-core",
        "kafka",
        "connect",
        "connector-watchdog",
    }


def test_a_killed_connect_loses_and_repeats_nothing(capture: Stack) -> None:
    with capture.database("contrail_owner") as core:
        core.execute(REFILL, ("K1", "before the kill"))
        killed = capture.pid("connect")
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        core.execute(REFILL, ("K2", "while it is down"))
        wait_until("Connect to come back", lambda: capture.pid("connect") not in (None, killed), 30)

        wait_until("what was written meanwhile", lambda: "K2" in captured_codes(capture), 60)
        core.execute(REFILL, ("K3", "after it"))

        wait_until("what was written after", lambda: "K3" in captured_codes(capture), 60)
    codes = captured_codes(capture)
    assert [codes.count(code) for code in ("K1", "K2", "K3")] == [1, 1, 1]


def test_a_lost_slot_is_found_and_everything_is_read_again(
    capture: Stack, settings: Settings, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Postgres drops log a stopped connector has not read; rows written in that gap must still arrive."""
    with ConnectClient(settings.connect_url) as connect:
        connect.stop()
        wait_until("the slot to be free", lambda: slot_status(superuser) == ("reserved", False), 30)
        superuser.execute(REFILL, ("L1", "in the gap"))
        try:
            lose_slot(superuser)
            assert metric(capture, "contrail_slots_lost_total") in (0, 1)
            wait_until(
                "the lost slot to be made anew", lambda: slot_status(superuser) == ("reserved", True), 60
            )
        finally:
            superuser.execute("alter system reset max_slot_wal_keep_size")
            superuser.execute("select pg_reload_conf()")

    wait_until("the row of the gap", lambda: "L1" in captured_codes(capture), 60)
    assert metric(capture, "contrail_slots_lost_total") == 1
    capture.run("connect.register")


def slot_status(superuser: psycopg.Connection[tuple[object, ...]]) -> tuple[object, ...] | None:
    return superuser.execute(
        "select wal_status, active from pg_replication_slots where slot_name = 'contrail'"
    ).fetchone()


def lose_slot(superuser: psycopg.Connection[tuple[object, ...]]) -> None:
    """Leave the slot no room, then switch log files until Postgres has removed what it needs."""
    superuser.execute("alter system set max_slot_wal_keep_size = '1MB'")
    superuser.execute("select pg_reload_conf()")

    def lost() -> bool:
        superuser.execute("select pg_logical_emit_message(true, 'test', 'to fill the log')")
        superuser.execute("select pg_switch_wal()")
        superuser.execute("checkpoint")
        # The watchdog may have made a new one already, which is read from its first moment on.
        return slot_status(superuser) in (("lost", False), ("reserved", True), ("extended", True), None)

    wait_until("the slot to be lost", lost, 60)
