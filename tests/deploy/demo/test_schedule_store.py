"""Loading the schedule into a real Postgres: once, again, wider, and beside someone else's departure."""

import json
from datetime import date

import psycopg
import pytest

from deploy.demo.schedule import FAILED, OK, USAGE, load, run
from tests.databases import HOST, TestDatabase, free_port

pytestmark = pytest.mark.postgres

FIRST, LAST = date(2026, 12, 5), date(2026, 12, 6)


def count(database: TestDatabase, query: str) -> int:
    with psycopg.connect(database.conninfo("app_rw")) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def test_a_second_load_inserts_nothing_and_a_wider_one_only_what_is_new(demo_database: TestDatabase) -> None:
    first = load(demo_database.conninfo("app_rw"), FIRST, LAST)
    again = load(demo_database.conninfo("app_rw"), FIRST, LAST)
    wider = load(demo_database.conninfo("app_rw"), FIRST, date(2026, 12, 7))

    assert first.inserted == first.planned
    assert sum(again.inserted.values()) == 0
    assert wider.inserted["flights"] == wider.planned["flights"] - first.planned["flights"] > 0
    assert (
        wider.inserted["cabin_inventories"]
        == wider.planned["cabin_inventories"] - first.planned["cabin_inventories"]
    )
    assert count(demo_database, "select count(*) from app.flights") == wider.planned["flights"]


UNEVEN_CABINS = """
    select count(*) from app.flights as f
    join app.aircraft_types as t on t.code = f.aircraft_type
    where t.seats <> (select sum(capacity) from app.cabin_inventories as c where c.flight_id = f.id)
"""
NOT_ALL_OPEN = """
    select count(*) from app.cabin_inventories
    where authorised <> capacity or exists (select from unnest(held || sold) as seats where seats <> 0)
"""
OFF_SCHEDULE = """
    select count(*) from app.flights as f
    join app.schedules as s on s.id = f.schedule_id
    where extract(isodow from f.departs_local) <> s.weekday
        or f.departs_local::time <> s.departs_local
        or f.arrives_local::time <> s.arrives_local
        or f.arrives_local::date - f.departs_local::date <> s.arrives_day_offset
        or f.departure_date not between s.valid_from and s.valid_to
"""
ZONES_DISAGREE = """
    select count(*) from app.flights
    where departs_at at time zone departs_zone <> departs_local
        or arrives_at at time zone arrives_zone <> arrives_local
"""


def test_rows_agree_with_each_other_and_with_postgres_own_zones(demo_database: TestDatabase) -> None:
    """On the night when the clocks change: Postgres has a zone database of its own and must read alike."""
    load(demo_database.conninfo("app_rw"), date(2027, 3, 13), date(2027, 3, 14))

    assert count(demo_database, "select count(*) from app.flights") > 2000
    assert count(demo_database, "select count(*) from app.flights where schedule_id is null") > 0
    for wrong in (UNEVEN_CABINS, NOT_ALL_OPEN, OFF_SCHEDULE, ZONES_DISAGREE):
        assert count(demo_database, wrong) == 0, wrong


def test_a_departure_planned_by_someone_else_keeps_its_id_and_cabins(
    demo_database: TestDatabase,
) -> None:
    load(demo_database.conninfo("app_rw"), FIRST, FIRST)
    with psycopg.connect(demo_database.conninfo("app_rw")) as connection:
        connection.execute("delete from app.flight_outcomes")
        connection.execute("delete from app.cabin_inventories")
        connection.execute("update app.flights set id = gen_random_uuid() where airline = 'HA'")

    again = load(demo_database.conninfo("app_rw"), FIRST, FIRST)

    assert again.inserted["flights"] == 0
    assert 0 < again.inserted["cabin_inventories"] < again.planned["cabin_inventories"]


def test_a_dry_run_counts_and_writes_nothing(
    demo_database: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(first=FIRST, last=FIRST, dry_run=True, as_json=True, dsn=demo_database.conninfo("app_rw"))

    report = json.loads(capsys.readouterr().out)
    assert code == OK
    assert report["departures"] > 1000
    assert report["tables"]["flights"]["inserted"] == 0
    assert count(demo_database, "select count(*) from app.flights") == 0


def test_a_range_that_ends_before_it_begins_is_a_usage_error() -> None:
    assert run(first=LAST, last=FIRST, dsn="") == USAGE


def test_a_core_that_does_not_answer_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(first=FIRST, last=LAST, dsn=f"host={HOST} port={free_port()} user=app_rw dbname=contrail")

    assert code == FAILED
    assert "start it with `contrail up`" in capsys.readouterr().err
