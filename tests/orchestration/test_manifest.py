"""Chains are followed line by line, and stop where they are cut."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.manifest import Head, Line, batches, pending, read_chains, tails
from tests.orchestration.lake import Change, Lake


@pytest.fixture
def plain_lake(tmp_path: Path) -> Lake:
    """Three files of one table."""
    lake = Lake(tmp_path)
    for number in range(3):
        lake.land(Change("app.routes", "c", {"id": str(number)}, 100 + number, {"id": str(number)}))
    return lake


def test_a_new_warehouse_waits_for_the_whole_chain(plain_lake: Lake) -> None:
    [chain] = read_chains(plain_lake.root)

    lines, broken = pending(chain, None)

    assert [line.start_offset for line in lines] == [0, 1, 2]
    assert broken is None


def test_only_lines_after_the_head_wait(plain_lake: Lake) -> None:
    [chain] = read_chains(plain_lake.root)

    lines, _ = pending(chain, Head(chain.lines[1].next_offset, chain.lines[1].hash))

    assert [line.start_offset for line in lines] == [2]


def test_a_gap_in_offsets_stops_the_chain(plain_lake: Lake) -> None:
    plain_lake.lose_offsets("app.routes", 5)
    plain_lake.land(Change("app.routes", "c", {"id": "x"}, 200, {"id": "x"}))
    [chain] = read_chains(plain_lake.root)

    lines, broken = pending(chain, None)

    assert len(lines) == 3
    assert broken is not None
    assert broken.reason == "offsets 3 to 7 are missing"


def test_a_changed_line_stops_the_chain(plain_lake: Lake) -> None:
    [manifest] = (plain_lake.root / "manifest").glob("*.jsonl")
    text = manifest.read_text().splitlines()
    manifest.write_text("\n".join([text[0], text[1].replace('"rows": 1', '"rows": 2'), text[2]]) + "\n")
    [chain] = read_chains(plain_lake.root)

    lines, broken = pending(chain, None)

    assert len(lines) == 1
    assert broken is not None
    assert "its own hash" in broken.reason


def test_a_removed_line_stops_the_chain(plain_lake: Lake) -> None:
    [manifest] = (plain_lake.root / "manifest").glob("*.jsonl")
    text = manifest.read_text().splitlines()
    manifest.write_text("\n".join([text[0], text[2]]) + "\n")
    [chain] = read_chains(plain_lake.root)

    lines, broken = pending(chain, None)

    assert len(lines) == 1
    assert broken is not None
    assert "chain is cut" in broken.reason


def test_an_unreadable_line_stops_its_own_chain_only(plain_lake: Lake) -> None:
    plain_lake.land(Change("app.airlines", "c", {"code": "UA"}, 300, {"code": "UA"}))
    manifest = next((plain_lake.root / "manifest").glob("contrail.app.routes-*.jsonl"))
    manifest.write_text(manifest.read_text() + "not json\n")

    found = {chain.topic: pending(chain, None) for chain in read_chains(plain_lake.root)}

    assert found["contrail.app.airlines"][1] is None
    broken = found["contrail.app.routes"][1]
    assert broken is not None
    assert broken.reason == "line 4 of the manifest cannot be read"
    assert broken.start_offset == 3


def test_a_line_that_is_still_being_written_is_left_alone(plain_lake: Lake) -> None:
    [manifest] = (plain_lake.root / "manifest").glob("*.jsonl")
    manifest.write_text(manifest.read_text() + '{"topic_id": "half')

    [chain] = read_chains(plain_lake.root)

    assert pending(chain, None)[1] is None
    assert [line.next_offset for line in tails(plain_lake.root).values()] == [3]


def test_batches_hold_at_most_so_many_rows_and_files(plain_lake: Lake) -> None:
    line: Line = read_chains(plain_lake.root)[0].lines[0]
    lines = [replace(line, rows=rows) for rows in (5, 5, 5, 30, 1, 1, 1)]

    cut = batches(lines, max_rows=10, max_files=2)

    assert [[each.rows for each in batch] for batch in cut] == [[5, 5], [5], [30], [1, 1], [1]]
