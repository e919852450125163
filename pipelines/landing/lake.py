"""The lake on disk: one writer, files by commit hour, each followed by its manifest line."""

import fcntl
import hashlib
import os
import re
import shutil
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config import PipelineError
from pipelines.landing import manifest
from pipelines.landing.manifest import ManifestLine
from pipelines.landing.rows import columns_of, table_of
from pipelines.landing.segments import Segment
from pipelines.records import Chain

MEGABYTE = 1024 * 1024
FILE_NAME = re.compile(r"^(?P<stem>.+-\d+)-\d{20}\.parquet(\.tmp)?$")
MAX_ORPHANS = 1  # per chain: a crash interrupts one file at most


class Lake:
    """The lake open for writing. Only one process may have it; the lock goes when the process does."""

    def __init__(self, root: Path, floor_mb: int) -> None:
        self.root = root
        self._floor_bytes = floor_mb * MEGABYTE
        self._changes = root / "change_log"
        for folder in (self._changes, manifest.folder_of(root)):
            _make_durably(folder)
        self._lock = _lock(root / ".landing.lock")
        self._refuse_when_full()
        self._heads = self._recover()

    def positions(self) -> dict[Chain, int]:
        """Where each chain goes on."""
        return {chain: line.next_offset for chain, line in self._heads.items()}

    def write(self, segment: Segment) -> ManifestLine:
        """Keep a segment for good: the file, then its line. Raises PipelineError when it cannot."""
        self._refuse_when_full()
        head = self._heads.get(segment.chain)
        if head is not None and head.next_offset != segment.start_offset:
            raise PipelineError(
                f"{segment.chain.stem} was landed up to offset {head.next_offset}, but the next segment "
                f"starts at {segment.start_offset}: restart landing"
            )
        try:
            line = self._write_file(segment, head.hash if head else manifest.ZERO_HASH)
            manifest.append(self.root, line)
        except OSError as error:
            raise PipelineError(
                f"cannot write to the lake at {self.root} ({error.strerror}): landing goes on when it can"
            ) from error
        self._heads[segment.chain] = line
        return line

    def close(self) -> None:
        """Let another process have the lake."""
        os.close(self._lock)

    def _write_file(self, segment: Segment, previous_hash: str) -> ManifestLine:
        now = datetime.now(UTC)
        path = digest = None
        if segment.rows:
            data = _parquet(segment, now)
            path, digest = _path_of(segment), hashlib.sha256(data).hexdigest()
            _write_durably(self.root / path, data)
        times = [row.change.source_ts_us for row in segment.rows]
        return ManifestLine(
            topic_id=segment.chain.topic_id,
            topic=segment.chain.topic,
            partition=segment.chain.partition,
            start_offset=segment.start_offset,
            next_offset=segment.next_offset,
            rows=len(segment.rows),
            dead_letters=len(segment.bad),
            path=path,
            sha256=digest,
            previous_hash=previous_hash,
            schema_fingerprints=_fingerprints(segment),
            min_source_ts=_iso(min(times)) if times else None,
            max_source_ts=_iso(max(times)) if times else None,
            written_at=now.isoformat(),
        ).sealed()

    def _refuse_when_full(self) -> None:
        free = shutil.disk_usage(self.root).free
        if free < self._floor_bytes:
            raise PipelineError(
                f"only {free // MEGABYTE} MB are free under {self.root} and landing keeps a floor of "
                f"{self._floor_bytes // MEGABYTE} MB: free some space, or lower CONTRAIL_LAKE_FLOOR_MB"
            )

    def _recover(self) -> dict[Chain, ManifestLine]:
        """Undo what a crash left half done: a torn line, and the file that no line names."""
        heads: dict[Chain, ManifestLine] = {}
        named: set[str] = set()
        for path in manifest.files_of(self.root):
            if manifest.cut_torn_line(path):
                print(f"removed a torn last line of {path.name}", file=sys.stderr)
            for line in manifest.read(path):
                heads[line.chain] = line
                if line.path is not None:
                    named.add(line.path)
        self._remove_orphans(named)
        return heads

    def _remove_orphans(self, named: set[str]) -> None:
        orphans: dict[str, list[Path]] = defaultdict(list)
        for path in self._changes.glob("dt=*/hour=*/*"):
            match = FILE_NAME.match(path.name)
            if match and str(path.relative_to(self.root)) not in named:
                orphans[match["stem"]].append(path)
        for stem, paths in orphans.items():
            if len(paths) > MAX_ORPHANS:
                raise PipelineError(
                    f"{len(paths)} files of {stem} are in the lake but not in its manifest, and a crash "
                    f"leaves {MAX_ORPHANS} at most: restore {manifest.folder_of(self.root)} from a backup"
                )
        for path in (path for paths in orphans.values() for path in paths):
            path.unlink()
            print(f"removed {path.name}, which no manifest line names", file=sys.stderr)


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise PipelineError(
            f"another landing process has the lake (it holds {path}): stop it first"
        ) from error
    return descriptor


def _path_of(segment: Segment) -> str:
    commit = _utc(segment.rows[0].change.source_ts_us)
    name = f"{segment.chain.stem}-{segment.rows[0].change.message.offset:020}.parquet"
    return f"change_log/dt={commit:%Y-%m-%d}/hour={commit:%H}/{name}"


def _parquet(segment: Segment, landed_at: datetime) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table_of(segment.rows, landed_at), sink, compression="zstd")
    return bytes(sink.getvalue())


def _fingerprints(segment: Segment) -> dict[str, list[str]]:
    """The column names behind each fingerprint of the segment."""
    first = {row.schema_fp: row.change for row in reversed(segment.rows)}
    return {fingerprint: columns_of(change) for fingerprint, change in sorted(first.items())}


def _write_durably(path: Path, data: bytes) -> None:
    _make_durably(path.parent)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    manifest.sync_folder(path.parent)


def _make_durably(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_durably(folder.parent)
    folder.mkdir(exist_ok=True)
    manifest.sync_folder(folder.parent)


def _utc(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(
        microsecond=microseconds % 1_000_000
    )


def _iso(microseconds: int) -> str:
    return _utc(microseconds).isoformat(timespec="microseconds")
