"""Each file is loaded once, whatever arrives twice, and a bad one holds only its own topic partition."""

from typing import Any

import psycopg
import pytest

from orchestration.loading import load
from orchestration.resources import Settings
from tests.orchestration.fixtures import run_id
from tests.orchestration.lake import Change, Lake

pytestmark = pytest.mark.postgres


def route(number: int, distance_km: Any = 100) -> dict[str, Any]:
    key = f"00000000-0000-7000-8000-{number:012}"
    return {"id": key, "origin": "JFK", "destination": "SFO", "distance_km": distance_km, "simulated": False}


def inserted(number: int, distance_km: Any = 100) -> Change:
    row = route(number, distance_km)
    return Change("app.routes", "c", {"id": row["id"]}, 100 + number, row)


def airline(code: str) -> Change:
    return Change("app.airlines", "c", {"code": code}, 500, {"code": code, "name": code, "simulated": False})


def count(warehouse: psycopg.Connection[Any], table: str = "app.routes") -> int:
    row = warehouse.execute("select count(*) from raw.change_log where src_table = %s", [table]).fetchone()
    assert row is not None
    return int(row[0])


def test_every_row_is_loaded_once(settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]) -> None:
    lake.land(*[inserted(number) for number in range(5)], airline("UA"))
    lake.skip_offsets("app.routes", 2)
    lake.land(inserted(9))

    first = load(settings, run_id())
    second = load(settings, run_id())

    assert (first.files, first.rows, first.quarantined) == (3, 7, [])
    assert (second.files, second.rows) == (0, 0)
    assert count(warehouse) == 6


def test_a_file_loaded_again_adds_nothing(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]
) -> None:
    lake.land(*[inserted(number) for number in range(5)])
    load(settings, run_id())
    warehouse.execute("delete from raw.load_manifest")

    again = load(settings, run_id())

    assert again.rows == 5
    assert count(warehouse) == 5


def test_without_the_key_a_file_loaded_again_stays_twice(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]
) -> None:
    """The negative control of the test above: the same second load into a log without its key."""
    lake.land(*[inserted(number) for number in range(5)])
    load(settings, run_id())
    warehouse.execute("delete from raw.load_manifest")
    warehouse.execute("alter table raw.change_log drop constraint change_log_pkey")

    load(settings, run_id())

    assert count(warehouse) == 10


def test_a_changed_file_holds_only_its_own_partition_until_it_is_restored(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]
) -> None:
    [file] = lake.land(inserted(1))
    lake.land(inserted(2), airline("UA"))
    good = file.read_bytes()
    file.write_bytes(good[:-10] + b"0123456789")

    report = load(settings, run_id())

    assert count(warehouse) == 0
    assert count(warehouse, "app.airlines") == 1
    assert len(report.quarantined) == 1
    [(reason,)] = warehouse.execute("select reason from raw.quarantine where resolved_at is null").fetchall()
    assert reason.startswith("sha256 is")

    file.write_bytes(good)
    report = load(settings, run_id())

    assert report.quarantined == []
    assert count(warehouse) == 2
    assert warehouse.execute("select 1 from raw.quarantine where resolved_at is null").fetchall() == []


def test_a_missing_file_is_quarantined(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]
) -> None:
    [file] = lake.land(inserted(1))
    file.unlink()

    report = load(settings, run_id())

    assert report.quarantined == [f"{file.relative_to(lake.root)}: the file is missing"]


def test_a_gap_in_offsets_holds_its_partition(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]
) -> None:
    lake.land(inserted(1))
    lake.lose_offsets("app.routes", 3)
    lake.land(inserted(2), airline("UA"))

    report = load(settings, run_id())

    assert count(warehouse) == 1
    assert count(warehouse, "app.airlines") == 1
    assert report.quarantined[0].endswith("offsets 1 to 3 are missing")


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (inserted(1, "far"), "wrong_shape"),
        (inserted(1, None), "wrong_shape"),
        (Change("app.routes", "x", {"id": "a"}, 1, route(1)), "unknown_operation"),
        (Change("app.routes", "c", {"key": "a"}, 1, route(1)), "unreadable_key"),
        (Change("app.routes", "c", {"id": "a"}, 1, None), "image_missing"),
        (Change("app.routes", "c", {"id": "a"}, 1, {**route(1), "id": "not a uuid"}), "wrong_shape"),
    ],
    ids=["text in a number", "null in not null", "operation", "key", "no image", "uuid"],
)
def test_a_file_that_breaks_the_contract_is_quarantined_by_rule(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any], broken: Change, rule: str
) -> None:
    lake.land(broken, inserted(2))

    report = load(settings, run_id())

    assert count(warehouse) == 0
    assert f"{rule} in 1 rows" in report.quarantined[0]


def test_a_column_the_contract_does_not_know_is_loaded_and_told(
    settings: Settings, lake: Lake, warehouse: psycopg.Connection[Any]
) -> None:
    lake.land(Change("app.routes", "c", {"id": route(1)["id"]}, 1, {**route(1), "carbon_kg": 5}))

    report = load(settings, run_id())

    assert report.quarantined == []
    [(status,)] = warehouse.execute("select contract_status from raw.load_manifest").fetchall()
    assert status == "extra_columns"
