"""The manifest: one JSON line per file of the lake, one hash chain per topic partition.

A file exists once its line is on disk. A last line without its newline was torn by a crash: it never counted.
`python -m pipelines.landing.manifest verify [--json]` checks every line and every byte.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from pipelines.config import PipelineError, Settings
from pipelines.records import Chain

ZERO_HASH = "0" * 64


class ManifestLine(msgspec.Struct, frozen=True):
    """One segment of one chain. `path` is relative to the lake, and null when there was no row to keep."""

    topic_id: str
    topic: str
    partition: int
    start_offset: int
    next_offset: int
    rows: int
    dead_letters: int
    path: str | None
    sha256: str | None
    previous_hash: str
    schema_fingerprints: dict[str, list[str]]
    min_source_ts: str | None
    max_source_ts: str | None
    written_at: str
    hash: str = ""

    @property
    def chain(self) -> Chain:
        return Chain(self.topic, self.topic_id, self.partition)

    def sealed(self) -> "ManifestLine":
        return msgspec.structs.replace(self, hash=hash_of(msgspec.to_builtins(self)))


_decode_line = msgspec.json.Decoder(ManifestLine).decode


def hash_of(line: dict[str, Any]) -> str:
    """sha256 over the line as canonical JSON (sorted keys, no spaces) without its own hash."""
    body = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()


def folder_of(lake: Path) -> Path:
    return lake / "manifest"


def file_of(lake: Path, chain: Chain) -> Path:
    return folder_of(lake) / f"{chain.stem}.jsonl"


def files_of(lake: Path) -> list[Path]:
    return sorted(folder_of(lake).glob("*.jsonl"))


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines that count: a last one without newline is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line


def read(path: Path) -> list[ManifestLine]:
    """All lines of one chain. Raises PipelineError when a line that counts cannot be read."""
    lines = []
    for number, text in enumerate(whole_lines(path), start=1):
        try:
            lines.append(_decode_line(text))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise PipelineError(
                f"{path} line {number} cannot be read ({error}): restore the manifest from a backup"
            ) from error
    return lines


def last_lines(lake: Path) -> dict[Chain, ManifestLine]:
    """The newest line of every chain. Safe to call while landing writes."""
    heads = {}
    for path in files_of(lake):
        lines = read(path)
        if lines:
            heads[lines[-1].chain] = lines[-1]
    return heads


def append(lake: Path, line: ManifestLine) -> None:
    """Write a sealed line; it counts when this returns."""
    path = file_of(lake, line.chain)
    is_new = not path.exists()
    with path.open("ab") as file:
        file.write(msgspec.json.encode(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def cut_torn_line(path: Path) -> bool:
    """Remove what a crash left of a last line; True when there was something."""
    kept = sum(len(line) for line in whole_lines(path))
    if kept == path.stat().st_size:
        return False
    with path.open("rb+") as file:
        file.truncate(kept)
        os.fsync(file.fileno())
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


cli = typer.Typer(add_completion=False, no_args_is_help=True, help="The audit chain of the lake.")


@cli.callback()
def _keep_subcommands() -> None:
    """The audit chain of the lake."""


@cli.command("verify")
def verify_command(
    lake: Annotated[Path | None, typer.Option(help="Folder of the lake; default CONTRAIL_HOME/lake.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Check every line and byte; exit 3 on problems. Example: python -m pipelines.landing.manifest verify"""
    from pipelines.landing.audit import verify

    report = verify(lake or Settings().lake)
    if json:
        print(msgspec.json.encode(report).decode())
    else:
        for problem in report.problems:
            print(f"{problem.chain} line {problem.line}: {problem.what}")
        print(
            f"{len(report.chains)} chains, {report.files} files, {report.rows} rows, "
            f"{len(report.problems)} problems",
            file=sys.stderr,
        )
    raise typer.Exit(0 if report.ok else 3)


if __name__ == "__main__":
    cli()
