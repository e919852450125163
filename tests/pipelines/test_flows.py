"""The four flows as processes on real Kafka and Postgres, killed again and again while messages arrive."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from pipelines.availability.inventory import seats_open
from pipelines.cluster import client_config
from pipelines.config import FLOWS, Settings
from pipelines.landing.audit import verify
from pipelines.positions import behind, ends
from pipelines.records import Chain, RawMessage
from pipelines.topics import ALERTS, CABIN_INVENTORIES, CDC, DOMAIN_EVENTS, dead_letters_of
from tests.databases import TestDatabase
from tests.pipelines.conftest import flow_environment
from tests.pipelines.messages import event_message, inventory_message, inventory_row, raw
from tests.pipelines.processes import FlowProcess
from tests.stack import ROOT, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.postgres]

SEED = 20260301
ROUNDS = 8
CABINS = 20
SETTLE_LIMIT_SECONDS = 180


@pytest.fixture
def environment(
    kafka: Settings, core_database: TestDatabase, live_dsn: str, tmp_path: Path
) -> dict[str, str]:
    return flow_environment(kafka, core_database, tmp_path)


@pytest.fixture
def flows(environment: dict[str, str]) -> Iterator[dict[str, FlowProcess]]:
    with ExitStack() as stack:
        running = {}
        for flow in FLOWS:
            running[flow] = FlowProcess(flow, environment)
            stack.callback(running[flow].stop)
        yield running


class Sent:
    """What was committed to Kafka, message by message."""

    def __init__(self, kafka: Settings) -> None:
        self.offsets: dict[str, list[int]] = {}
        self.poison: dict[str, list[int]] = {}
        self._producer = Producer({**client_config(kafka.bootstrap), "transactional.id": uuid4().hex})
        self._producer.init_transactions(30)

    def send(self, messages: Sequence[RawMessage], poison: Sequence[RawMessage] = ()) -> None:
        """One transaction."""
        self._producer.begin_transaction()
        for message in [*messages, *poison]:
            note = self._noting(self.poison if message in poison else self.offsets)
            self._producer.produce(message.chain.topic, message.value, message.key, on_delivery=note)
        self._producer.flush(30)
        self._producer.commit_transaction(30)

    def _noting(self, kept: dict[str, list[int]]) -> Callable[[KafkaError | None, Message], None]:
        def note(error: KafkaError | None, message: Message) -> None:
            assert error is None
            kept.setdefault(message.topic() or "", []).append(message.offset() or 0)

        return note


class World:
    """What the core would have committed: cabins that sell, bookings that are confirmed, one attacker."""

    def __init__(self) -> None:
        self.chance = random.Random(SEED)
        self.lsn = 1_000
        self.cabins = [inventory_row() for _ in range(CABINS)]
        self.letters = 0

    def round(self, number: int) -> list[RawMessage]:
        messages = []
        for cabin in self.chance.sample(self.cabins, 8):
            self.lsn += 8
            cabin["version"] += 1
            cabin["sold"] = [sold + self.chance.randint(0, 1) for sold in cabin["sold"]]
            messages.append(inventory_message(0, cabin, op="u", lsn=self.lsn))
        for _ in range(3):
            self.letters += 1
            payload = {"pnr": "ABCDEF", "entities": {"device": f"k1:{uuid4().hex}"}}
            messages.append(event_message(0, "BookingConfirmed", payload, subject_id=uuid4()))
        messages.append(self.attack(number))
        self.chance.shuffle(messages)
        return messages

    def attack(self, number: int) -> RawMessage:
        entities = {"card": f"k1:card{number}", "device": "k1:attacker", "ip": "k1:address"}
        return event_message(
            0,
            "PaymentFailed",
            {"payment_id": str(number), "entities": entities},
            event_id=UUID(int=number + 1),
            booking_id=uuid4(),
            after_start=timedelta(seconds=number * 10),
        )


def is_through(settings: Settings, flow: str, until: dict[Chain, int]) -> bool:
    return not behind(settings, flow, until)


def settle(settings: Settings) -> None:
    until = ends(settings)
    for flow in FLOWS:
        wait_until(f"{flow} to be through", partial(is_through, settings, flow, until), SETTLE_LIMIT_SECONDS)


def landed(lake: Path) -> dict[str, list[int]]:
    offsets: dict[str, list[int]] = {}
    for path in sorted(lake.glob("change_log/**/*.parquet")):
        table = pq.read_table(path, partitioning=None, columns=["topic", "koffset"])
        for topic, offset in zip(table["topic"].to_pylist(), table["koffset"].to_pylist(), strict=True):
            offsets.setdefault(topic, []).append(offset)
    return offsets


def messages_of(settings: Settings, topic: str) -> list[Any]:
    consumer = Consumer(
        {"bootstrap.servers": settings.bootstrap, "group.id": "test", "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found = []
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is not None and message.error() is not None:
            break
        if message is not None:
            found.append(message)
    consumer.close()
    return found


def query(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.timeout(600)
def test_flows_that_are_killed_again_and_again_lose_nothing_and_double_nothing(
    flows: dict[str, FlowProcess], kafka: Settings, live_dsn: str, tmp_path: Path
) -> None:
    settings = kafka.model_copy(update={"home": tmp_path})
    sent, world = Sent(kafka), World()
    for number in range(ROUNDS):
        sent.send(world.round(number))
        if number == ROUNDS // 2:
            sent.send([], [raw(topic, 0, b"\x00poison") for topic in CDC])
        if number % 4 == 3:
            settle(settings)
        for flow in world.chance.sample(FLOWS, 2):
            flows[flow].kill_and_start_again()
    settle(settings)

    report = verify(settings.lake)
    assert report.problems == []
    kept = landed(settings.lake)
    assert {topic: kept[topic] for topic in sent.offsets} == sent.offsets  # in order, each once
    assert report.dead_letters == len(CDC)

    cabins = query(live_dsn, "select flight_id::text, version, sold, seats_open from live.availability")
    assert sorted(cabins) == sorted(
        (c["flight_id"], c["version"], c["sold"], seats_open(c["limits"], c["held"], c["sold"]))
        for c in world.cabins
        if c["version"] > 1
    )
    assert query(live_dsn, "select count(*) from live.notification_requests") == [(world.letters,)]
    signals = query(live_dsn, "select rule_id, entity_kind, observed, event_count from live.fraud_signals")
    assert sorted(signals) == [("CT1", "device", ROUNDS, ROUNDS), ("CT1", "ip", ROUNDS, ROUNDS)]
    assert query(live_dsn, "select distinct score from live.fraud_scores") == [(40,)]

    alerts = {message.key() for message in messages_of(kafka, ALERTS)}
    ids = query(live_dsn, "select signal_id from live.fraud_signals")
    assert alerts == {signal_id.encode() for (signal_id,) in ids}
    for topic in CDC:
        letters = [dict(letter.headers()) for letter in messages_of(kafka, dead_letters_of(topic))]
        readers = {letter["flow"].decode() for letter in letters}
        assert readers == {"landing"} | {
            CABIN_INVENTORIES: {"availability"},
            DOMAIN_EVENTS: {"fraud", "notifications"},
        }.get(topic, set())
        assert {int(letter["offset"]) for letter in letters} == set(sent.poison[topic])


def arrived(dsn: str, flight_id: str) -> bool:
    return (flight_id,) in query(dsn, "select flight_id::text from live.availability")


def run_flow(flow: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "pipelines.run", flow],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_landing_below_its_floor_ends_with_one_sentence(environment: dict[str, str]) -> None:
    done = run_flow("landing", {**environment, "CONTRAIL_LAKE_FLOOR_MB": str(10**9)})

    assert done.returncode == 1
    assert done.stderr.startswith("flow landing stopped: only ")
    assert "CONTRAIL_LAKE_FLOOR_MB" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_flow_whose_postgres_is_away_ends_with_one_sentence_and_loses_nothing(
    environment: dict[str, str], kafka: Settings, live_dsn: str, core_database: TestDatabase
) -> None:
    row = inventory_row()
    Sent(kafka).send([inventory_message(0, row, lsn=5_000_000)])

    done = run_flow("availability", {**environment, "CONTRAIL_CORE_PORT": "1"})

    assert done.returncode == 1
    assert "flow availability stopped: Postgres did not answer" in done.stderr
    flow = FlowProcess("availability", environment)
    try:
        wait_until(
            "the row to arrive",
            partial(arrived, live_dsn, row["flight_id"]),
            SETTLE_LIMIT_SECONDS,
        )
    finally:
        flow.stop()


def test_the_positions_command_says_what_is_left(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.positions", "--json"],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip

    left = json.loads(done.stdout)
    assert all(item["position"] is None or item["position"] < item["end"] for item in left)
    assert {item["flow"] for item in left if item["flow"] == "landing"} == {"landing"}
