"""How far each copy of the core's data is behind it, measured on rows that really went there."""

import json
from typing import Any

import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition

from deploy.local.settings import StackSettings

HEARTBEAT_TOPIC = "contrail.app.heartbeat"
# Enough to step over the markers of the connector's transactions, each of which takes an offset.
LOOK_BACK_OFFSETS = 20
KAFKA_TIMEOUT_SECONDS = 3.0
QUERY_LIMIT = "5s"

_AVAILABILITY = """
select extract(epoch from written_at - source_ts) * 1000
from live.availability
where not is_snapshot
order by written_at desc
limit 1
"""
_WAREHOUSE_TABLE = "select to_regclass('raw.change_log') is not null"
_WAREHOUSE = "select extract(epoch from clock_timestamp() - max(source_ts)) * 1000 from raw.change_log"


_WITHOUT_PARTITION = "select sum(misplaced) from app.rows_without_partition()"


def rows_without_partition(settings: StackSettings) -> int | None:
    """Rows that no month was made for, until the hourly chore has moved them; None where nothing answers."""
    dsn = settings.dsn("core", "contrail", "app_ro", "app_ro_password")
    found = _query(dsn, _WITHOUT_PARTITION)
    return None if found is None else int(found)


def measure(settings: StackSettings) -> dict[str, float | None]:
    """Milliseconds by copy; None where nothing can be measured (yet).

    kafka: from the commit of the newest heartbeat to its Kafka timestamp. availability: from the commit
    of the row written last to its writing. warehouse: age of the newest commit loaded.
    """
    return {
        "kafka": _kafka(settings),
        "availability": _query(settings.dsn("core", "contrail", "app_ro", "app_ro_password"), _AVAILABILITY),
        "warehouse": _query(
            settings.dsn("warehouse", "warehouse", "warehouse", "warehouse_password"),
            _WAREHOUSE,
            only_if=_WAREHOUSE_TABLE,
        ),
    }


def _query(dsn: str, statement: str, only_if: str | None = None) -> float | None:
    try:
        with psycopg.connect(dsn) as connection:
            connection.execute("select set_config('statement_timeout', %s, false)", (QUERY_LIMIT,))
            if only_if is not None and connection.execute(only_if).fetchone() != (True,):
                return None
            row = connection.execute(statement).fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction):
        # Not up, or not migrated: there is no copy to measure.
        return None
    return round(float(row[0]), 1) if row and row[0] is not None else None


def _kafka(settings: StackSettings) -> float | None:
    consumer = Consumer(
        {
            "bootstrap.servers": f"{settings.host}:{settings.ports.kafka}",
            "group.id": "contrail-status",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "log_level": 0,
        }
    )
    try:
        return _newest_heartbeat_lag(consumer)
    except KafkaException:
        return None
    finally:
        consumer.close()


def _newest_heartbeat_lag(consumer: Consumer) -> float | None:
    low, high = consumer.get_watermark_offsets(
        TopicPartition(HEARTBEAT_TOPIC, 0), timeout=KAFKA_TIMEOUT_SECONDS
    )
    if high <= low:
        return None
    consumer.assign([TopicPartition(HEARTBEAT_TOPIC, 0, max(low, high - LOOK_BACK_OFFSETS))])
    lag = None
    for _ in range(LOOK_BACK_OFFSETS + 1):
        message = consumer.poll(KAFKA_TIMEOUT_SECONDS)
        if message is None or message.error() is not None:
            break
        lag = _lag(json.loads(message.value() or b"{}"), message.timestamp()[1]) or lag
    return lag


def _lag(change: dict[str, Any], kafka_ms: int) -> float | None:
    source = change.get("source", {})
    if source.get("snapshot") not in (None, "false", False):
        return None
    return float(kafka_ms - source["ts_ms"]) if "ts_ms" in source else None
