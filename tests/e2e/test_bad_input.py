"""Poison on every topic, a corrupt file, a full disk: each says so clearly, and nothing is lost."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.faults.test_kills import assert_reconciled
from tests.settled import wait_until_availability_equals_recount
from tests.stack import Stack, wait_until

pytestmark = pytest.mark.stack


def dead_letters(stack: Stack, topic: str) -> list[tuple[bytes, dict[str, str]]]:
    """Every dead letter of one topic: its bytes and its headers."""
    consumer = Consumer(
        {"bootstrap.servers": stack.bootstrap, "group.id": "test", "enable.auto.commit": False}
    )
    partition = TopicPartition(f"dlq.{topic}", 0)
    low, high = consumer.get_watermark_offsets(partition, timeout=10)
    consumer.assign([TopicPartition(f"dlq.{topic}", 0, low)])
    letters = [message for message in consumer.consume(high - low, timeout=5) if message.error() is None]
    consumer.close()
    return [(m.value() or b"", _texts(m.headers() or [])) for m in letters]


def _texts(headers: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in headers}


def test_poison_on_every_topic_becomes_a_dead_letter_with_its_reason(stack: Stack) -> None:
    from pipelines.topics import CDC

    poison = f"poison {uuid4()}".encode()
    refused: list[object] = []
    producer = Producer({"bootstrap.servers": stack.bootstrap, "acks": "all"})
    for topic in CDC:
        producer.produce(
            topic,
            key=b'{"id": "poison"}',
            value=poison,
            on_delivery=lambda e, _: refused.append(e) if e else None,
        )
    assert producer.flush(30) == 0
    assert refused == []

    def every_topic_has_its_letter() -> bool:
        return all(any(value == poison for value, _ in dead_letters(stack, topic)) for topic in CDC)

    wait_until("a dead letter from every topic", every_topic_has_its_letter)
    for topic in CDC:
        headers = next(headers for value, headers in dead_letters(stack, topic) if value == poison)
        assert headers["topic"] == topic
        assert headers["reason"]
        assert int(headers["offset"]) >= 0
    wait_until_availability_equals_recount(stack)
    assert_reconciled(stack)


def newest_file(lake: Path, table: str) -> dict[str, Any]:
    """The newest manifest line of one table that has a file."""
    manifest = next((lake / "manifest").glob(f"contrail.app.{table}-*.jsonl"))
    lines: list[dict[str, Any]] = [json.loads(line) for line in manifest.read_text().splitlines()]
    return [line for line in lines if line["rows"]][-1]


def test_a_corrupt_lake_file_is_quarantined_and_only_its_partition_waits(stack: Stack) -> None:
    assert_reconciled(stack)
    lake = stack.home / "lake"
    before = newest_file(lake, "airlines")["path"]
    with stack.database("contrail_owner") as core:
        core.execute("update app.airlines set name = name || ' ' where code = 'AA'")
        core.execute("update app.aircraft_types set model = model || ' '")
    wait_until("the change to land", lambda: newest_file(lake, "airlines")["path"] != before)
    path = lake / newest_file(lake, "airlines")["path"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + bytes(20))
    try:
        report = json.loads(stack.contrail("reconcile", "--json", check=False).stdout)
        wrong = {t["table"] for t in report["tables"] if t["missing"] or t["extra"] or t["different"]}
        assert wrong == {"airlines"}, "only the topic partition of the corrupt file waits"
        with stack.warehouse() as warehouse:
            quarantined = warehouse.execute(
                "select topic, reason from raw.quarantine where resolved_at is null"
            ).fetchall()
        assert [topic for topic, _ in quarantined] == ["contrail.app.airlines"]
        assert "sha256" in quarantined[0][1]
    finally:
        path.write_bytes(whole)

    assert_reconciled(stack)
