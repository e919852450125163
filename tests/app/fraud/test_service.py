"""The decision on a real database, with scores as the streams write them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.ids import uuid7
from app.fraud import service
from app.fraud.service import Entities, FraudDecision, entities
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def someone() -> Entities:
    bind(RequestContext(ip="198.18.7.7", device_id=uuid7().hex))
    return entities(user_id=uuid7(), email=f"{uuid7().hex}@example.com", card_fingerprint=uuid7().hex)


def raise_signal(
    database: TestDatabase, kind: str, key: str, *, weight: int, group: str, mode: str = "review"
) -> None:
    """What the fraud flow writes, as the role it writes with."""
    signal_id, until = uuid7().hex, NOW + timedelta(minutes=10)
    reason: dict[str, Any] = {
        "signal_id": signal_id,
        "rule_id": f"{group}1",
        "group": group,
        "reason": "5 cards from one device in 10 min; limit 4",
        "weight": weight,
        "valid_from": NOW.isoformat(),
        "valid_until": until.isoformat(),
    }
    with psycopg.connect(database.conninfo("live_rw")) as connection:
        connection.execute(
            """
            insert into live.fraud_signals (
                signal_id, rule_id, rule_version, rule_group, mode, weight, entity_kind, entity_key,
                window_seconds, window_start, window_end, observed, threshold, reason, event_ids,
                event_count, first_event_at, last_event_at, last_commit_at
            ) values (
                %(signal_id)s, %(rule_id)s, 1, %(group)s, %(mode)s, %(weight)s, %(kind)s, %(key)s,
                600, %(now)s, %(now)s, 5, 4, %(reason)s, '{}', 5, %(now)s, %(now)s, %(now)s
            )
            """,
            {**reason, "mode": mode, "kind": kind, "key": key, "now": NOW},
        )
        connection.execute(
            """
            insert into live.fraud_scores values (%s, %s, %s, %s, %s, %s)
            on conflict (entity_kind, entity_key) do update set
                reasons = live.fraud_scores.reasons || excluded.reasons
            """,
            [kind, key, weight, json.dumps([reason]), NOW, until],
        )


@pytest.fixture(autouse=True)
def _core(core_settings: Path, application: object) -> None:
    """Every test here reads through the program's own engine."""


async def decide(who: Entities, now: datetime = NOW) -> service.Decision:
    async with transaction() as session:
        return await service.decide(session, who, now)


async def test_unknown_entities_are_allowed() -> None:
    assert (await decide(someone())).decision is FraudDecision.ALLOW


async def test_signals_of_several_entities_add_up_by_group(core_database: TestDatabase) -> None:
    who = someone()
    raise_signal(core_database, "device", str(who.device), weight=40, group="CT")
    raise_signal(core_database, "card", str(who.card), weight=40, group="CT")
    raise_signal(core_database, "email", str(who.email), weight=25, group="V")
    raise_signal(core_database, "email", str(who.email), weight=30, group="S", mode="shadow")

    decision = await decide(who)

    assert (decision.decision, decision.score) == (FraudDecision.STEP_UP, 65)
    assert {reason["entity_kind"] for reason in decision.reasons} == {"device", "card", "email"}
    assert decision.reasons[0]["reason"].startswith("5 cards from one device")


async def test_score_holds_only_for_its_time(core_database: TestDatabase) -> None:
    who = someone()
    raise_signal(core_database, "account", str(who.account), weight=90, group="CT")

    before = await decide(who, NOW - timedelta(seconds=1))
    during = await decide(who, NOW + timedelta(minutes=9, seconds=59))
    after = await decide(who, NOW + timedelta(minutes=10))

    assert before.decision is after.decision is FraudDecision.ALLOW
    assert during.decision is FraudDecision.BLOCK


async def test_entity_is_found_under_its_older_key_too(core_database: TestDatabase) -> None:
    known_before = someone()
    raise_signal(core_database, "card", "k0:abc", weight=85, group="CT")

    who = Entities(card=known_before.card, older={"card": ["k0:abc"]})

    assert (await decide(who)).decision is FraudDecision.BLOCK
