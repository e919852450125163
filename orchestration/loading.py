"""Owns the move from the lake to raw.change_log: each batch of files in one transaction, each file once."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import psycopg

from orchestration import quality
from orchestration.file_facts import PARQUET_COLUMNS
from orchestration.manifest import Break, Head, Line, batches, file_digest, pending, read_chains
from orchestration.resources import Settings, duckdb_with_warehouse, only_writer

# One transaction's size: large enough that 250,000 rows are a few commits, small enough to repeat.
BATCH_ROWS = 100_000
BATCH_FILES = 200

HEARTBEAT_TOPIC = "contrail.app.heartbeat"

_COLUMNS = ", ".join(PARQUET_COLUMNS)
_INSERT = """
insert into raw.change_log (
    topic_id, topic, kpart, koffset, src_table, op, is_snapshot, pk, lsn, tx_id, source_ts, source_date,
    connector_ts, kafka_ts, landed_at, before, after, schema_fp, source_file
)
select
    topic_id, topic, kpart, koffset, src_table, op, is_snapshot, pk, lsn, tx_id, source_ts,
    (source_ts at time zone 'UTC')::date,
    connector_ts, kafka_ts, landed_at, before::jsonb, after::jsonb, schema_fp, source_file
from raw.incoming
order by topic_id, kpart, koffset
on conflict do nothing
"""
_MANIFEST = """
insert into wh.raw.load_manifest (
    topic_id, topic, partition, start_offset, next_offset, row_count, path, sha256, previous_hash, hash,
    min_source_ts, max_source_ts, written_at, contract_status, loaded_at, run_id
) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RESOLVE = """
update raw.quarantine as bad set resolved_at = clock_timestamp()
where bad.resolved_at is null and exists (
    select 1 from raw.load_manifest as loaded
    where loaded.topic_id = bad.topic_id and loaded.partition = bad.partition
        and loaded.start_offset >= bad.start_offset
)
"""


@dataclass
class LoadReport:
    """What one load did."""

    files: int = 0
    rows: int = 0
    quarantined: list[str] = field(default_factory=list)
    max_source_ts: datetime | None = None


def load(settings: Settings, run_id: str) -> LoadReport:
    """Load every pending file whose chain, digest and contract hold.

    The first bad file of a topic partition is quarantined; that partition waits there, all others go on.
    """
    report = LoadReport()
    with only_writer(settings, "load") as connection, duckdb_with_warehouse(settings) as engine:
        good, breaks = _sound(settings, connection)
        verdicts = quality.judge(engine, settings.lake, good)
        accepted, refused = _accept(good, verdicts)
        for broken in [*breaks, *refused]:
            report.quarantined.append(f"{broken.path or broken.topic}: {broken.reason}")
            _quarantine(connection, broken, run_id)
        for batch in batches(accepted, BATCH_ROWS, BATCH_FILES):
            _load_batch(settings, connection, engine, batch, verdicts, run_id)
            report.files += sum(1 for line in batch if line.path)
            report.rows += sum(line.rows for line in batch)
        report.max_source_ts = max(
            (line.max_source_ts for line in accepted if line.max_source_ts), default=None
        )
    return report


def waiting(settings: Settings, connection: psycopg.Connection[Any]) -> dict[tuple[str, int], list[Line]]:
    """The lines the warehouse has not loaded, by (topic id, partition); chains that are cut are left out."""
    heads = heads_of(connection)
    found = {chain.key: pending(chain, heads.get(chain.key))[0] for chain in read_chains(settings.lake)}
    return {key: lines for key, lines in found.items() if lines}


def _sound(settings: Settings, connection: psycopg.Connection[Any]) -> tuple[list[Line], list[Break]]:
    """The pending lines whose chain and file digest hold, and the first break of each partition."""
    heads = heads_of(connection)
    good: list[Line] = []
    breaks: list[Break] = []
    for chain in read_chains(settings.lake):
        lines, broken = pending(chain, heads.get(chain.key))
        for line in lines:
            reason = _damage(settings, line)
            if reason:
                broken = Break.at(line, reason)
                break
            good.append(line)
        if broken:
            breaks.append(broken)
    return good, breaks


def heads_of(connection: psycopg.Connection[Any]) -> dict[tuple[str, int], Head]:
    rows = connection.execute(
        """
        select distinct on (topic_id, partition) topic_id, partition, next_offset, hash
        from raw.load_manifest
        order by topic_id, partition, next_offset desc, start_offset desc
        """
    )
    return {
        (topic_id, partition): Head(next_offset, digest) for topic_id, partition, next_offset, digest in rows
    }


def _damage(settings: Settings, line: Line) -> str | None:
    if line.path is None:
        return None
    file = settings.lake / line.path
    if not file.is_file():
        return "the file is missing"
    found = file_digest(file)
    return (
        None
        if found == line.sha256
        else f"sha256 is {found[:12]}, the manifest says {(line.sha256 or '')[:12]}"
    )


def _accept(lines: list[Line], verdicts: dict[str, quality.Verdict]) -> tuple[list[Line], list[Break]]:
    accepted: list[Line] = []
    refused: dict[tuple[str, int], Break] = {}
    for line in lines:
        if line.key in refused:
            continue
        reason = verdicts[line.path].reason if line.path else None
        if reason:
            refused[line.key] = Break.at(line, reason)
        else:
            accepted.append(line)
    return accepted, list(refused.values())


def _load_batch(
    settings: Settings,
    connection: psycopg.Connection[Any],
    engine: duckdb.DuckDBPyConnection,
    batch: list[Line],
    verdicts: dict[str, quality.Verdict],
    run_id: str,
) -> None:
    files = [str(settings.lake / line.path) for line in batch if line.path]
    _ensure_partitions(connection, batch)
    engine.execute("begin")
    try:
        _execute(engine, "truncate raw.incoming")
        if files:
            engine.execute(
                f"insert into wh.raw.incoming select {_COLUMNS}, replace(filename, $prefix, '') "
                "from read_parquet($files, filename = true, hive_partitioning = false)",
                {"files": files, "prefix": f"{settings.lake}/"},
            )
            _execute(engine, _INSERT)
            _execute(engine, "truncate raw.incoming")
        engine.executemany(_MANIFEST, [_manifest_row(line, verdicts, run_id) for line in batch])
        _execute(engine, _RESOLVE)
        engine.execute("commit")
    except BaseException:
        engine.execute("rollback")
        raise


def _execute(engine: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Run a statement inside the Postgres transaction that DuckDB's own inserts are part of."""
    engine.execute("call postgres_execute('wh', $1)", [statement])


def _manifest_row(line: Line, verdicts: dict[str, quality.Verdict], run_id: str) -> list[object]:
    extra = verdicts[line.path].extra_columns if line.path else ()
    status = "empty" if line.path is None else "extra_columns" if extra else "passed"
    return [
        line.topic_id, line.topic, line.partition, line.start_offset, line.next_offset, line.rows, line.path,
        line.sha256, line.previous_hash, line.hash, line.min_source_ts, line.max_source_ts, line.written_at,
        status, datetime.now(UTC), run_id,
    ]  # fmt: skip


def _ensure_partitions(connection: psycopg.Connection[Any], batch: list[Line]) -> None:
    """Make the monthly partitions that the commit times of the batch fall into."""
    for first in sorted({month for line in batch for month in months(line)}):
        following = next_month(first)
        connection.execute(
            f"create table if not exists raw.change_log_{first:%Y_%m} partition of raw.change_log "
            f"for values from ('{first}') to ('{following}')"
        )


def months(line: Line) -> list[date]:
    """The first days of the months from the oldest to the newest commit of a file."""
    if line.min_source_ts is None or line.max_source_ts is None:
        return []
    found = [line.min_source_ts.astimezone(UTC).date().replace(day=1)]
    while next_month(found[-1]) <= line.max_source_ts.astimezone(UTC).date():
        found.append(next_month(found[-1]))
    return found


def next_month(first: date) -> date:
    """The first day of the month after `first`."""
    return (first + timedelta(days=31)).replace(day=1)


def _quarantine(connection: psycopg.Connection[Any], broken: Break, run_id: str) -> None:
    connection.execute(
        """
        insert into raw.quarantine (topic_id, topic, partition, start_offset, path, reason, run_id)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (topic_id, partition) where resolved_at is null
        do update set start_offset = excluded.start_offset, path = excluded.path, reason = excluded.reason,
            run_id = excluded.run_id, last_tried_at = clock_timestamp()
        """,
        [
            broken.topic_id,
            broken.topic,
            broken.partition,
            broken.start_offset,
            broken.path,
            broken.reason,
            run_id,
        ],
    )
