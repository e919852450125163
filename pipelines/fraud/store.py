"""live.fraud_signals and live.fraud_scores, and the rules from app.fraud_rules."""

import time
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from pipelines import metrics
from pipelines.fraud.rules import RuleBook, rule_book
from pipelines.fraud.signals import Score, Signal, joined, score_of
from pipelines.fraud.watch import Raised
from pipelines.postgres import LiveDatabase
from pipelines.records import OutgoingMessage
from pipelines.topics import ALERTS

FLOW = "fraud"
REFRESH_SECONDS = 30.0
MAX_LIVE_SIGNALS = 1_000  # of one entity: far above what the rules can raise within two windows

COLUMNS = Signal.__struct_fields__

SELECT_RULES = """
select id, version, rule_group, windows, weight, mode, effective_from, effective_to
from app.fraud_rules
order by id, version
"""

SELECT_SIGNALS = f"""
select {", ".join(COLUMNS)}
from live.fraud_signals
where signal_id = any(%(signal_ids)s)
order by signal_id
for update
"""

UPSERT_SIGNAL = f"""
insert into live.fraud_signals ({", ".join(COLUMNS)})
values ({", ".join(f"%({name})s" for name in COLUMNS)})
on conflict (signal_id) do update set
    window_start = excluded.window_start,
    window_end = excluded.window_end,
    observed = excluded.observed,
    reason = excluded.reason,
    event_ids = excluded.event_ids,
    event_count = excluded.event_count,
    first_event_at = excluded.first_event_at,
    last_event_at = excluded.last_event_at,
    last_commit_at = excluded.last_commit_at,
    updated_at = clock_timestamp()
"""

# All that can still matter when the newest does: its own window after its last event, which lies at most one
# window after its peak.
SELECT_LIVE_SIGNALS = f"""
select {", ".join(f"signals.{name}" for name in COLUMNS)}
from unnest(%(kinds)s::text[], %(keys)s::text[]) as entities (kind, key)
cross join lateral (
    select *
    from live.fraud_signals as candidates
    where candidates.entity_kind = entities.kind
        and candidates.entity_key = entities.key
        and candidates.window_end > (
            select max(newest.window_end)
            from live.fraud_signals as newest
            where newest.entity_kind = entities.kind and newest.entity_key = entities.key
        ) - make_interval(secs => 2 * candidates.window_seconds)
    order by candidates.window_end desc, candidates.signal_id
    limit {MAX_LIVE_SIGNALS}
) as signals
"""

UPSERT_SCORE = """
insert into live.fraud_scores as live (entity_kind, entity_key, score, reasons, valid_from, valid_until)
values (%(kind)s, %(key)s, %(score)s, %(reasons)s, %(valid_from)s, %(valid_until)s)
on conflict (entity_kind, entity_key) do update set
    score = excluded.score,
    reasons = excluded.reasons,
    valid_from = excluded.valid_from,
    valid_until = excluded.valid_until,
    updated_at = clock_timestamp()
where (live.score, live.reasons, live.valid_from, live.valid_until)
    is distinct from (excluded.score, excluded.reasons, excluded.valid_from, excluded.valid_until)
"""

log = structlog.get_logger()


class Rules:
    """The rule book, read again every REFRESH_SECONDS."""

    def __init__(self, database: LiveDatabase) -> None:
        self._database = database
        self._book: RuleBook | None = None
        self._due = 0.0

    def __call__(self) -> RuleBook:
        if self._book is None or time.monotonic() >= self._due:
            book = rule_book(self._database.run(_select_rules))
            if self._book is None or book.refused != self._book.refused:
                for refused in book.refused:
                    log.error("fraud rule refused", **refused._asdict())
            metrics.REFUSED_RULES.set(len(book.refused))
            self._book = book
            self._due = time.monotonic() + REFRESH_SECONDS
        return self._book


class SignalTable:
    """Writes signals and the scores of their entities, and passes on the alerts."""

    def __init__(self, database: LiveDatabase) -> None:
        self._database = database

    def write(self, items: list[Raised]) -> list[OutgoingMessage]:
        """Join the signals to what the table says of them, and score their entities again."""
        signals = joined(item.signal for item in items)
        self._database.run(lambda connection: _write(connection, signals))
        metrics.observe_latency(FLOW, (item.signal.last_commit_at.timestamp() for item in items))
        metrics.count_signals(item.signal.rule_id for item in items if item.is_new)
        return [_alert(item.signal) for item in items if item.is_new and item.signal.mode != "shadow"]


def _select_rules(connection: psycopg.Connection) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(SELECT_RULES).fetchall()


def _write(connection: psycopg.Connection, signals: dict[str, Signal]) -> None:
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(SELECT_SIGNALS, {"signal_ids": sorted(signals)})
        stored = {row["signal_id"]: _signal(row) for row in cursor.fetchall()}
        merged = joined([*stored.values(), *signals.values()])
        changed = [signal for name, signal in sorted(merged.items()) if stored.get(name) != signal]
        if not changed:
            return
        cursor.executemany(UPSERT_SIGNAL, [msgspec.structs.asdict(signal) for signal in changed])
        entities = sorted({signal.entity for signal in changed})
        cursor.execute(
            SELECT_LIVE_SIGNALS, {"kinds": [e.kind for e in entities], "keys": [e.key for e in entities]}
        )
        live = [_signal(row) for row in cursor.fetchall()]
        scores = [score_of(entity, [s for s in live if s.entity == entity]) for entity in entities]
        cursor.executemany(UPSERT_SCORE, [_score_row(score) for score in scores if score is not None])


def _signal(row: dict[str, Any]) -> Signal:
    return Signal(**{**row, "observed": int(row["observed"]), "threshold": int(row["threshold"])})


def _score_row(score: Score) -> dict[str, Any]:
    return {
        "kind": score.entity.kind,
        "key": score.entity.key,
        "score": score.score,
        "reasons": Jsonb(msgspec.to_builtins(score.reasons)),
        "valid_from": score.valid_from,
        "valid_until": score.valid_until,
    }


def _alert(signal: Signal) -> OutgoingMessage:
    return OutgoingMessage(ALERTS, signal.signal_id.encode(), msgspec.json.encode(signal))
