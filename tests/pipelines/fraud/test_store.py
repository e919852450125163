"""Signals and scores on a real Postgres."""

import random
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.local.postgres import superuser_dsn
from pipelines.fraud.observations import Sighting
from pipelines.fraud.store import Rules, SignalTable
from pipelines.fraud.watch import EntityWatch, Raised
from pipelines.postgres import LiveDatabase
from pipelines.topics import ALERTS
from tests.databases import TestDatabase
from tests.pipelines.fraud.book import seen
from tests.pipelines.fraud.test_watch import payments
from tests.pipelines.messages import START

pytestmark = pytest.mark.postgres

ATTACK = [*payments(9, declined=5), *(seen("booking", n * 60) for n in range(7))]


def read(dsn: str, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        return connection.execute(f"select * from live.{table} order by 1, 2").fetchall()


def outcome(dsn: str) -> list[Any]:
    """Everything but when it was written."""
    clocks = {"raised_at", "updated_at"}
    return [
        {name: value for name, value in row.items() if name not in clocks}
        for table in ("fraud_signals", "fraud_scores")
        for row in read(dsn, table)
    ]


def raise_all(database: LiveDatabase, sightings: list[Sighting], batch: int = 1) -> list[Raised]:
    """Send sightings of one entity through the watch and the table, with the rules of the database."""
    watch = EntityWatch(Rules(database), lambda: START, None)
    table = SignalTable(database)
    raised: list[Raised] = []
    for start in range(0, len(sightings), batch):
        items = list(watch.on_batch(sightings[start : start + batch])[0])
        table.write(items) if items else None
        raised += items
    return raised


def test_the_rules_of_the_migration_can_all_be_applied(live_database: LiveDatabase) -> None:
    book = Rules(live_database)()

    assert book.refused == ()
    assert {rule.id for rule in book.in_force(0 + 10**15)} == {"CT1", "V1", "S1"}


def test_an_attack_raises_a_signal_with_its_reason_and_a_score(
    live_dsn: str, live_database: LiveDatabase
) -> None:
    raise_all(live_database, payments(7, declined=5))

    (signal,) = read(live_dsn, "fraud_signals")
    (score,) = read(live_dsn, "fraud_scores")
    assert signal["reason"] == "7 cards from one device in 10 min, 5 declined; limit 4"
    assert (signal["observed"], signal["threshold"], signal["event_count"]) == (7, 4, 7)
    assert (score["entity_kind"], score["entity_key"], score["score"]) == ("device", "d1", 40)
    assert score["valid_from"] == START + timedelta(seconds=30)
    assert score["valid_until"] == START + timedelta(seconds=60 + 600)
    (reason,) = score["reasons"]
    assert reason["signal_id"] == signal["signal_id"]
    assert (reason["rule_id"], reason["weight"], reason["reason"]) == ("CT1", 40, signal["reason"])


@pytest.mark.parametrize("seed", range(4))
def test_any_order_any_batches_and_a_replay_leave_the_same_tables(
    live_dsn: str, live_database: LiveDatabase, seed: int
) -> None:
    raise_all(live_database, ATTACK)
    expected = outcome(live_dsn)
    with psycopg.connect(live_dsn, autocommit=True) as connection:
        connection.execute("delete from live.fraud_signals")
        connection.execute("delete from live.fraud_scores")
    chance = random.Random(seed)
    shuffled = chance.sample(ATTACK, len(ATTACK))

    raise_all(live_database, shuffled[: len(shuffled) // 2], batch=chance.randint(1, 5))  # died here
    raise_all(live_database, shuffled, batch=chance.randint(1, 5))  # everything again, state lost

    assert len(expected) > 3
    assert outcome(live_dsn) == expected


def test_a_replay_writes_nothing_again(live_dsn: str, live_database: LiveDatabase) -> None:
    raise_all(live_database, ATTACK)
    before = read(live_dsn, "fraud_signals")

    raise_all(live_database, ATTACK)

    assert read(live_dsn, "fraud_signals") == before


def test_one_alert_a_signal_under_its_id_and_none_in_shadow(
    live_database: LiveDatabase, core_database: TestDatabase
) -> None:
    watch = EntityWatch(Rules(live_database), lambda: START, None)
    table = SignalTable(live_database)

    alerts = [alert for s in payments(8) for alert in table.write(list(watch.on_batch([s])[0]))]

    (alert,) = alerts
    assert alert.topic == ALERTS
    assert alert.value is not None
    assert b'"rule_id":"CT1"' in alert.value

    dsn = superuser_dsn(core_database.home, "core", core_database.host, core_database.port)
    with psycopg.connect(dsn, dbname="contrail", autocommit=True) as owner:
        owner.execute("update app.fraud_rules set mode = 'shadow'")
        try:
            silent = EntityWatch(Rules(live_database), lambda: START, None)
            sightings = [s._replace(entity=s.entity._replace(key="d2")) for s in payments(8)]
            quiet = [alert for s in sightings for alert in table.write(list(silent.on_batch([s])[0]))]
        finally:
            owner.execute("update app.fraud_rules set mode = 'review'")

    assert quiet == []
