"""Waiting ends when everything has landed, and says so when nothing moves."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.arrival import HEARTBEAT_ID, NothingArrives, is_beat, wait_for_landing, write_heartbeat
from orchestration.resources import Settings
from tests.orchestration.lake import Change, Lake, topic_id

BEAT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def plain_settings(lake: Lake) -> Settings:
    return Settings(lake.root.parent, "", "", "", "")


@pytest.fixture
def landed(tmp_path: Path) -> Lake:
    """One row of one table."""
    lake = Lake(tmp_path / "lake")
    lake.land(Change("app.routes", "c", {"id": "a"}, 1, {"id": "a"}))
    return lake


def test_what_has_landed_is_not_waited_for(landed: Lake) -> None:
    ends = {(topic_id("app.routes"), 0): 1, (topic_id("app.airlines"), 0): 0}

    wait_for_landing(plain_settings(landed), ends, patience_seconds=0)


def test_waiting_ends_with_an_error_when_nothing_moves(landed: Lake) -> None:
    ends = {(topic_id("app.routes"), 0): 2}

    with pytest.raises(NothingArrives, match="1 topic partitions have not landed"):
        wait_for_landing(plain_settings(landed), ends, patience_seconds=0)


def test_another_topic_of_the_same_name_does_not_count(landed: Lake) -> None:
    ends = {("made anew", 0): 1}

    with pytest.raises(NothingArrives):
        wait_for_landing(plain_settings(landed), ends, patience_seconds=0)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"id": HEARTBEAT_ID, "beat_at": "2026-11-23T12:00:00Z"}, True),
        ({"id": HEARTBEAT_ID, "beat_at": "2026-11-23T12:00:01.5Z"}, True),
        ({"id": HEARTBEAT_ID, "beat_at": "2026-11-23T11:59:59.999999Z"}, False),
        ({"id": 1, "beat_at": "2026-11-23T12:00:01Z"}, False),
        (None, False),
    ],
    ids=["this", "later", "earlier", "the connector's", "a delete"],
)
def test_only_this_beat_or_a_later_one_counts(after: object, expected: bool) -> None:
    assert is_beat(json.dumps({"after": after}).encode(), BEAT) is expected


@pytest.mark.postgres
def test_the_capture_role_may_beat(settings: Settings, core: object) -> None:
    first = write_heartbeat(settings)
    second = write_heartbeat(settings)

    assert second > first
