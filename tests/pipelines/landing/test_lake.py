"""The lake on real files: what a crash leaves is undone, what was tampered with is found."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pipelines.config import PipelineError
from pipelines.landing import manifest
from pipelines.landing.audit import verify
from pipelines.landing.lake import Lake
from pipelines.landing.rows import SCHEMA
from pipelines.landing.segments import Segment
from tests.pipelines.landing.segments import TOPIC, bad, segment
from tests.pipelines.messages import TOPIC_ID, chain

STEM = f"{TOPIC}-{TOPIC_ID}-0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A lake of two files, two rows each, after a transaction marker at offset 2."""
    lake = Lake(tmp_path / "lake", 0)
    lake.write(segment(0, 2, next_offset=3))
    lake.write(segment(3, 5))
    lake.close()
    return tmp_path / "lake"


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.glob("change_log/**/*") if path.is_file())


def lines(root: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (root / f"manifest/{STEM}.jsonl").read_bytes().splitlines()]


def test_a_file_lies_in_the_folder_of_its_commit_hour_and_holds_the_rows(root: Path) -> None:
    folder = "change_log/dt=2026-03-01/hour=12"

    assert files(root) == [f"{folder}/{STEM}-{0:020}.parquet", f"{folder}/{STEM}-{3:020}.parquet"]
    table = pq.read_table(root / files(root)[1], partitioning=None)
    assert table.schema == SCHEMA
    assert table["koffset"].to_pylist() == [3, 4]
    assert table["pk"].to_pylist() == ['{"id":"3"}', '{"id":"4"}']
    assert json.loads(table["after"][0].as_py()) == {"id": "3", "status": "held"}
    assert table["source_ts"][0].as_py().isoformat() == "2026-03-01T12:00:00+00:00"


def test_the_manifest_chains_its_lines(root: Path) -> None:
    first, second = lines(root)

    assert first["previous_hash"] == "0" * 64
    assert second["previous_hash"] == first["hash"]
    assert (first["start_offset"], first["next_offset"], first["rows"]) == (0, 3, 2)
    assert (second["start_offset"], second["next_offset"], second["rows"]) == (3, 5, 2)
    (columns,) = dict(first["schema_fingerprints"]).values()  # type: ignore[call-overload]
    assert columns == ["id", "status"]
    body = {name: value for name, value in first.items() if name != "hash"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert first["hash"] == hashlib.sha256(canonical).hexdigest()


def test_landing_goes_on_where_the_manifest_ends(root: Path) -> None:
    lake = Lake(root, 0)

    assert lake.positions() == {chain(TOPIC): 5}
    lake.write(segment(5, 7))
    lake.close()
    assert verify(root).ok
    assert verify(root).rows == 6


def test_only_markers_passed_is_a_line_without_a_file(root: Path) -> None:
    lake = Lake(root, 0)
    lake.write(Segment(chain(TOPIC), 5, 6, [], []))
    lake.close()

    assert lines(root)[-1]["path"] is None
    assert len(files(root)) == 2
    assert verify(root).ok


def test_dead_letters_are_counted_so_that_offsets_go_on(root: Path) -> None:
    lake = Lake(root, 0)
    lake.write(Segment(chain(TOPIC), 5, 7, segment(5, 6).rows, [bad(6)]))
    lake.close()

    report = verify(root)
    assert report.ok
    assert (report.rows, report.dead_letters, report.chains[0].next_offset) == (5, 1, 7)


def test_a_segment_that_does_not_follow_is_refused(root: Path) -> None:
    lake = Lake(root, 0)

    with pytest.raises(PipelineError, match="landed up to offset 5"):
        lake.write(segment(6, 8))
    lake.close()
    assert verify(root).ok


def test_a_torn_last_line_never_counted_and_its_file_goes(root: Path) -> None:
    path = root / f"manifest/{STEM}.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    assert verify(root).rows == 2
    lake = Lake(root, 0)

    assert lake.positions() == {chain(TOPIC): 3}
    assert len(files(root)) == 1
    lake.write(segment(3, 5))
    lake.close()
    assert verify(root).ok
    assert verify(root).rows == 4


def test_even_a_line_that_lacks_only_its_newline_never_counted(root: Path) -> None:
    path = root / f"manifest/{STEM}.jsonl"
    path.write_bytes(path.read_bytes()[:-1])

    lake = Lake(root, 0)
    lake.close()

    assert lake.positions() == {chain(TOPIC): 3}


@pytest.mark.parametrize("suffix", [".parquet", ".parquet.tmp"])
def test_a_file_without_a_line_is_removed_at_start(root: Path, suffix: str) -> None:
    orphan = root / f"change_log/dt=2026-03-01/hour=12/{STEM}-{5:020}{suffix}"
    orphan.write_bytes(b"half a file")

    Lake(root, 0).close()

    assert not orphan.exists()
    assert len(files(root)) == 2


def test_a_lost_manifest_does_not_take_the_files_along(root: Path) -> None:
    (root / f"manifest/{STEM}.jsonl").unlink()

    with pytest.raises(PipelineError, match="restore"):
        Lake(root, 0)

    assert len(files(root)) == 2


def test_a_second_landing_process_is_refused(root: Path) -> None:
    lake = Lake(root, 0)

    with pytest.raises(PipelineError, match="another landing process"):
        Lake(root, 0)
    lake.close()


def test_below_the_floor_nothing_is_written_and_nothing_lost(root: Path) -> None:
    lake = Lake(root, 0)
    lake._floor_bytes = shutil.disk_usage(root).total + 1

    with pytest.raises(PipelineError, match="floor"):
        lake.write(segment(5, 7))
    lake.close()

    assert len(files(root)) == 2
    assert verify(root).chains[0].next_offset == 5


def test_landing_does_not_start_below_the_floor(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="CONTRAIL_LAKE_FLOOR_MB"):
        Lake(tmp_path / "lake", 10**9)


def _change_a_byte(root: Path) -> None:
    path = root / files(root)[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _remove_a_file(root: Path) -> None:
    (root / files(root)[1]).unlink()


def _rewrite(root: Path, change: Callable[[list[dict[str, object]]], list[dict[str, object]]]) -> None:
    path = root / f"manifest/{STEM}.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in change(lines(root))))


def _claim_other_rows(root: Path) -> None:
    _rewrite(root, lambda kept: [{**kept[0], "rows": 1}, kept[1]])


def _claim_other_rows_and_seal(root: Path) -> None:
    def change(kept: list[dict[str, object]]) -> list[dict[str, object]]:
        forged = {**kept[0], "rows": 1}
        return [{**forged, "hash": manifest.hash_of(forged)}, kept[1]]

    _rewrite(root, change)


def _drop_the_first_line(root: Path) -> None:
    _rewrite(root, lambda kept: kept[1:])


def _swap_the_lines(root: Path) -> None:
    _rewrite(root, lambda kept: kept[::-1])


def _break_a_line(root: Path) -> None:
    path = root / f"manifest/{STEM}.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"topic_id"', b'{"topic_id', 1))


TAMPERINGS = [
    (_change_a_byte, "bytes it was written with"),
    (_remove_a_file, "cannot be read"),
    (_claim_other_rows, "its own hash"),
    (_claim_other_rows_and_seal, "continue the chain"),
    (_drop_the_first_line, "continue the chain"),
    (_swap_the_lines, "continue the chain"),
    (_break_a_line, "the line cannot be read"),
]


@pytest.mark.parametrize(("tamper", "finding"), TAMPERINGS, ids=lambda value: getattr(value, "__name__", ""))
def test_tampering_is_found(root: Path, tamper: Callable[[Path], None], finding: str) -> None:
    assert verify(root).ok

    tamper(root)

    report = verify(root)
    assert not report.ok
    assert any(finding in problem.what for problem in report.problems)


def test_the_command_tells_problems_by_its_exit_code(root: Path) -> None:
    runner = CliRunner()
    arguments = ["verify", "--lake", str(root), "--json"]

    clean = runner.invoke(manifest.cli, arguments)
    _change_a_byte(root)
    dirty = runner.invoke(manifest.cli, arguments)

    assert (clean.exit_code, dirty.exit_code) == (0, 3)
    assert json.loads(clean.stdout)["ok"] is True
    assert json.loads(dirty.stdout)["problems"][0]["line"] == 1
