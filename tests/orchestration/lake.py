"""Writes a small lake as landing does: Parquet files and a hash-chained manifest, from plain changes."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.manifest import GENESIS, line_hash

MOMENT = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("topic_id", pa.string()),
        ("topic", pa.string()),
        ("kpart", pa.int32()),
        ("koffset", pa.int64()),
        ("src_table", pa.string()),
        ("op", pa.string()),
        ("is_snapshot", pa.bool_()),
        ("pk", pa.string()),
        ("lsn", pa.int64()),
        ("tx_id", pa.int64()),
        ("source_ts", MOMENT),
        ("connector_ts", MOMENT),
        ("kafka_ts", MOMENT),
        ("landed_at", MOMENT),
        ("before", pa.string()),
        ("after", pa.string()),
        ("schema_fp", pa.string()),
    ]
)
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """One change as Debezium tells it."""

    table: str
    op: str
    pk: dict[str, Any]
    lsn: int
    after: dict[str, Any] | None = None
    tx_id: int | None = 1
    at: datetime = START
    snapshot: bool = False


@dataclass
class Lake:
    """A lake folder that keeps each topic's next offset and last hash."""

    root: Path
    offsets: dict[str, int] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    def land(self, *changes: Change) -> list[Path]:
        """Write one file and one manifest line for each table among `changes`."""
        tables = list(dict.fromkeys(change.table for change in changes))
        return [self._land_table(table, [c for c in changes if c.table == table]) for table in tables]

    def skip_offsets(self, table: str, count: int) -> None:
        """Write a line that only passes control records."""
        self._append(table, None, 0, count, [])

    def lose_offsets(self, table: str, count: int) -> None:
        """Leave a gap, as landing never may."""
        self.offsets[_topic(table)] = self.offsets.get(_topic(table), 0) + count

    def _land_table(self, table: str, changes: list[Change]) -> Path:
        topic = _topic(table)
        start = self.offsets.get(topic, 0)
        rows = [_row(topic, start + index, change) for index, change in enumerate(changes)]
        first = min(change.at for change in changes)
        relative = (
            f"change_log/dt={first:%Y-%m-%d}/hour={first:%H}/{topic}-{topic_id(table)}-0-{start:020}.parquet"
        )
        file = self.root / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file, compression="zstd")
        self._append(table, relative, len(rows), len(rows), [change.at for change in changes])
        return file

    def _append(
        self, table: str, relative: str | None, rows: int, offsets: int, times: list[datetime]
    ) -> None:
        topic = _topic(table)
        start = self.offsets.get(topic, 0)
        body: dict[str, Any] = {
            "topic_id": topic_id(table),
            "topic": topic,
            "partition": 0,
            "start_offset": start,
            "next_offset": start + offsets,
            "rows": rows,
            "path": relative,
            "sha256": hashlib.sha256((self.root / relative).read_bytes()).hexdigest() if relative else None,
            "previous_hash": self.hashes.get(topic, GENESIS),
            "schema_fingerprints": {},
            "min_source_ts": min(times).isoformat() if times else None,
            "max_source_ts": max(times).isoformat() if times else None,
            "written_at": datetime.now(UTC).isoformat(),
        }
        body["hash"] = line_hash(body)
        manifest = self.root / "manifest" / f"{topic}-{topic_id(table)}-0.jsonl"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        with manifest.open("a", encoding="utf-8") as file:
            file.write(json.dumps(body) + "\n")
        self.offsets[topic] = start + offsets
        self.hashes[topic] = body["hash"]


def topic_id(table: str) -> str:
    """A fixed topic id for a table."""
    return hashlib.sha256(table.encode()).hexdigest()[:22]


def _topic(table: str) -> str:
    return f"contrail.{table}"


def _row(topic: str, offset: int, change: Change) -> dict[str, Any]:
    return {
        "topic_id": topic_id(change.table),
        "topic": topic,
        "kpart": 0,
        "koffset": offset,
        "src_table": change.table,
        "op": change.op,
        "is_snapshot": change.snapshot,
        "pk": json.dumps(change.pk, sort_keys=True, separators=(",", ":")),
        "lsn": change.lsn,
        "tx_id": change.tx_id,
        "source_ts": change.at,
        "connector_ts": change.at,
        "kafka_ts": change.at,
        "landed_at": change.at,
        "before": None,
        "after": json.dumps(change.after) if change.after is not None else None,
        "schema_fp": "test",
    }
