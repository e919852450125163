"""Rows of the live tables as the fraud stream writes them, for the pages that read them."""

from datetime import datetime, timedelta

import psycopg
from psycopg.types.json import Jsonb

DEVICE = "k1:0f1e2d3c4b5a69788796a5b4c3d2e1f0"
REASON = "7 cards from one device in 10 min, 5 declined; limit 4"


def add_signal(
    connection: psycopg.Connection[tuple[object, ...]],
    signal_id: str,
    at: datetime,
    *,
    mode: str = "review",
    entity_key: str = DEVICE,
) -> None:
    """One card-testing signal whose tipping event was committed 300 ms before it was raised."""
    connection.execute(
        """
        insert into live.fraud_signals (
            signal_id, rule_id, rule_version, rule_group, mode, weight, entity_kind, entity_key,
            window_seconds, window_start, window_end, observed, threshold, reason, event_ids, event_count,
            first_event_at, last_event_at, last_commit_at, raised_at
        ) values (
            %s, 'CT1', 1, 'CT', %s, 40, 'device', %s, 600, %s, %s, 7, 4, %s, '{a,b}', 7, %s, %s, %s, %s
        )
        """,
        (
            signal_id, mode, entity_key, at - timedelta(minutes=10), at, REASON,
            at - timedelta(minutes=9), at, at, at + timedelta(milliseconds=300),
        ),
    )  # fmt: skip


def add_score(
    connection: psycopg.Connection[tuple[object, ...]], score: int, valid_until: datetime, entity_key: str
) -> None:
    connection.execute(
        """
        insert into live.fraud_scores (entity_kind, entity_key, score, reasons, valid_from, valid_until)
        values ('device', %s, %s, %s, %s, %s)
        """,
        (
            entity_key,
            score,
            Jsonb([{"rule_id": "CT1", "weight": 40, "reason": REASON}]),
            valid_until - timedelta(hours=1),
            valid_until,
        ),
    )
