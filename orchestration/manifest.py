"""Owns the reading of the lake's manifest: one hash-chained file of lines per topic partition."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

GENESIS = "0" * 64


@dataclass(frozen=True)
class Line:
    """One landed file, or a stretch of offsets that held only control records (path is None)."""

    topic_id: str
    topic: str
    partition: int
    start_offset: int
    next_offset: int
    rows: int
    path: str | None
    sha256: str | None
    previous_hash: str
    hash: str
    min_source_ts: datetime | None
    max_source_ts: datetime | None
    written_at: datetime
    computed_hash: str

    @property
    def key(self) -> tuple[str, int]:
        return self.topic_id, self.partition


@dataclass(frozen=True)
class Head:
    """How far the warehouse has loaded one topic partition."""

    next_offset: int
    hash: str


@dataclass(frozen=True)
class Break:
    """Where a chain cannot be followed further: its partition waits here."""

    topic_id: str
    topic: str
    partition: int
    start_offset: int
    path: str | None
    reason: str

    @classmethod
    def at(cls, line: Line, reason: str) -> "Break":
        return cls(line.topic_id, line.topic, line.partition, line.start_offset, line.path, reason)


@dataclass(frozen=True)
class Chain:
    """The lines of one topic partition, and the number of the first that cannot be read."""

    topic_id: str
    topic: str
    partition: int
    lines: list[Line]
    unreadable_line: int | None

    @property
    def key(self) -> tuple[str, int]:
        return self.topic_id, self.partition


def line_hash(body: dict[str, Any]) -> str:
    """sha256 over the canonical JSON of a line without its own hash."""
    rest = {name: value for name, value in body.items() if name != "hash"}
    canonical = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def parse_line(text: bytes) -> Line:
    """Read one manifest line."""
    body = json.loads(text)
    return Line(
        topic_id=body["topic_id"],
        topic=body["topic"],
        partition=body["partition"],
        start_offset=body["start_offset"],
        next_offset=body["next_offset"],
        rows=body["rows"],
        path=body["path"],
        sha256=body["sha256"],
        previous_hash=body["previous_hash"],
        hash=body["hash"],
        min_source_ts=_moment(body["min_source_ts"]),
        max_source_ts=_moment(body["max_source_ts"]),
        written_at=datetime.fromisoformat(body["written_at"]),
        computed_hash=line_hash(body),
    )


def read_chains(lake: Path) -> list[Chain]:
    """Every chain of the lake; a last line that is still being written is left for the next reading."""
    return [_read_chain(file) for file in sorted((lake / "manifest").glob("*.jsonl"))]


def tails(lake: Path) -> dict[tuple[str, int], Line]:
    """The last line of each topic partition, by (topic id, partition)."""
    return {chain.key: chain.lines[-1] for chain in read_chains(lake) if chain.lines}


def pending(chain: Chain, head: Head | None) -> tuple[list[Line], Break | None]:
    """The lines after `head` that continue the chain without a gap, and where it cannot be followed."""
    expected = head
    good: list[Line] = []
    for line in _after(chain.lines, head):
        reason = _broken(line, expected)
        if reason:
            return good, Break.at(line, reason)
        good.append(line)
        expected = Head(line.next_offset, line.hash)
    if chain.unreadable_line is None:
        return good, None
    reason = f"line {chain.unreadable_line} of the manifest cannot be read"
    offset = expected.next_offset if expected else 0
    return good, Break(chain.topic_id, chain.topic, chain.partition, offset, None, reason)


def file_digest(path: Path) -> str:
    """sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def batches(lines: Iterable[Line], max_rows: int, max_files: int) -> list[list[Line]]:
    """Cut lines into transactions of at most `max_files` files and, one file aside, `max_rows` rows."""
    result: list[list[Line]] = []
    rows = 0
    for line in lines:
        if not result or rows + line.rows > max_rows or len(result[-1]) == max_files:
            result.append([])
            rows = 0
        result[-1].append(line)
        rows += line.rows
    return result


def _read_chain(file: Path) -> Chain:
    topic, _, rest = file.stem.partition("-")
    topic_id, _, partition = rest.rpartition("-")
    lines: list[Line] = []
    unreadable = None
    complete = file.read_bytes().rpartition(b"\n")[0]
    for number, text in enumerate(complete.splitlines(), start=1):
        try:
            lines.append(parse_line(text))
        except (ValueError, KeyError, TypeError):
            unreadable = number
            break
    return Chain(topic_id, topic, int(partition), lines, unreadable)


def _after(lines: list[Line], head: Head | None) -> list[Line]:
    if head is None:
        return lines
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].hash == head.hash:
            return lines[index + 1 :]
    return lines[-1:]  # what was loaded is no longer there: the last line shows the break


def _broken(line: Line, expected: Head | None) -> str | None:
    if line.computed_hash != line.hash:
        return "the manifest line does not match its own hash"
    previous = expected.hash if expected else GENESIS
    if line.previous_hash != previous:
        return f"the manifest chain is cut: {line.previous_hash[:12]} does not follow {previous[:12]}"
    if expected and line.start_offset != expected.next_offset:
        return f"offsets {expected.next_offset} to {line.start_offset - 1} are missing"
    return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
