"""Verifying the lake: every chain of hashes, every file's bytes, every offset accounted for."""

import hashlib
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.landing.manifest import ZERO_HASH, ManifestLine, files_of, hash_of, whole_lines


class Problem(msgspec.Struct, frozen=True):
    """Something in the lake is not as it was written."""

    chain: str
    line: int
    what: str


class ChainReport(msgspec.Struct, frozen=True):
    """One chain; `head` is the hash to keep elsewhere: a chain cut at its end still verifies."""

    topic: str
    topic_id: str
    partition: int
    lines: int
    files: int
    rows: int
    dead_letters: int
    starts_at: int
    next_offset: int
    head: str


class Report(msgspec.Struct, frozen=True):
    """What verification found."""

    ok: bool
    files: int
    rows: int
    dead_letters: int
    chains: list[ChainReport]
    problems: list[Problem]


def verify(lake: Path) -> Report:
    """Check the manifest against itself and against the files. Safe to run while landing writes."""
    chains: list[ChainReport] = []
    problems: list[Problem] = []
    for path in files_of(lake):
        lines, unreadable = _read_all(path)
        problems += unreadable
        problems += _broken_links(path.stem, lines)
        problems += [
            Problem(path.stem, number, what)
            for number, line in lines
            if (what := _wrong_file(lake, line)) is not None
        ]
        if lines:
            chains.append(_summary([line for _, line in lines]))
    return Report(
        ok=not problems,
        files=sum(chain.files for chain in chains),
        rows=sum(chain.rows for chain in chains),
        dead_letters=sum(chain.dead_letters for chain in chains),
        chains=chains,
        problems=problems,
    )


def _read_all(path: Path) -> tuple[list[tuple[int, ManifestLine]], list[Problem]]:
    lines: list[tuple[int, ManifestLine]] = []
    problems: list[Problem] = []
    for number, text in enumerate(whole_lines(path), start=1):
        try:
            raw = msgspec.json.decode(text, type=dict)
            line = msgspec.convert(raw, ManifestLine)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            problems.append(Problem(path.stem, number, f"the line cannot be read: {error}"))
            continue
        if hash_of(raw) != line.hash:
            problems.append(Problem(path.stem, number, "the line does not match its own hash"))
        if line.chain.stem != path.stem:
            problems.append(Problem(path.stem, number, f"the line belongs to {line.chain.stem}"))
        lines.append((number, line))
    return lines, problems


def _broken_links(chain: str, lines: list[tuple[int, ManifestLine]]) -> list[Problem]:
    problems = []
    previous: ManifestLine | None = None
    for number, line in lines:
        expected = previous.hash if previous else ZERO_HASH
        if line.previous_hash != expected:
            problems.append(Problem(chain, number, "the line does not continue the chain of hashes"))
        if previous and line.start_offset != previous.next_offset:
            what = (
                f"starts at offset {line.start_offset}, but the line before ended at {previous.next_offset}"
            )
            problems.append(Problem(chain, number, what))
        if line.next_offset <= line.start_offset:
            problems.append(Problem(chain, number, "the line covers no offset"))
        if line.rows + line.dead_letters > line.next_offset - line.start_offset:
            problems.append(Problem(chain, number, "the line counts more messages than it covers offsets"))
        previous = line
    return problems


def _wrong_file(lake: Path, line: ManifestLine) -> str | None:
    if line.path is None:
        return None if line.rows == 0 else f"{line.rows} rows are counted but there is no file"
    try:
        data = (lake / line.path).read_bytes()
    except OSError as error:
        return f"{line.path} cannot be read: {error.strerror}"
    if hashlib.sha256(data).hexdigest() != line.sha256:
        return f"{line.path} does not have the bytes it was written with"
    rows = pq.read_metadata(pa.BufferReader(data)).num_rows
    return None if rows == line.rows else f"{line.path} holds {rows} rows, not {line.rows}"


def _summary(lines: list[ManifestLine]) -> ChainReport:
    last = lines[-1]
    return ChainReport(
        topic=last.topic,
        topic_id=last.topic_id,
        partition=last.partition,
        lines=len(lines),
        files=sum(line.path is not None for line in lines),
        rows=sum(line.rows for line in lines),
        dead_letters=sum(line.dead_letters for line in lines),
        starts_at=lines[0].start_offset,
        next_offset=last.next_offset,
        head=last.hash,
    )
