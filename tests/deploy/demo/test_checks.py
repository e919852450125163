"""The tour's checks on a real database: each holds when all is right and fails when it is made wrong."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from deploy.demo import checks
from deploy.demo.checks import Check, Ground
from deploy.demo.errors import DemoError
from deploy.demo.runs import RunRecord
from deploy.local.settings import StackSettings
from tests.databases import TestDatabase
from tests.deploy.demo.small_world import ATTACK_BOOKING, BOOKING, FLIGHT, make_small_world

pytestmark = pytest.mark.postgres

Spoil = Callable[[psycopg.Connection], object]


@pytest.fixture
def ground(demo_database: TestDatabase) -> Ground:
    """One flight, one sold booking of two, one attacker's held booking, and every copy of them in step."""
    with psycopg.connect(demo_database.conninfo("contrail_owner")) as owner:
        make_small_world(owner)
    settings = StackSettings.from_environment({}, demo_database.home)
    settings = replace(settings, ports=replace(settings.ports, core=demo_database.port))
    run = RunRecord(
        run=1,
        seed=2013,
        scale="tour",
        present_from="2026-11-23T00:00:00+00:00",
        present_to="2026-11-24T00:00:00+00:00",
        counts={"paid": 1},
        bookings={"ordinary": [f"bkg_{BOOKING.hex}"], "card_testing": [f"bkg_{ATTACK_BOOKING.hex}"]},
        attack={"charged": 0, "refused_at_attempt": 5},
    )
    return Ground(settings, [run], 1, "2026-12-01", "2026-12-01", datetime(2026, 11, 23, tzinfo=UTC))


def spoil(database: TestDatabase, statement: str) -> None:
    """Make something wrong that the constraints would refuse: as the owner, with the guards taken off."""
    with psycopg.connect(database.conninfo("contrail_owner")) as owner:
        owner.execute("alter table app.cabin_inventories drop constraint cabin_inventories_never_oversold")
        owner.execute("alter table app.journal_entries disable trigger user")
        owner.execute(statement.encode(), {"flight": FLIGHT, "booking": BOOKING, "attack": ATTACK_BOOKING})


CASES: list[tuple[Callable[[Ground], Check], str]] = [
    (checks.departures_loaded, "update app.flights set departure_date = '2026-12-02'"),
    (checks.bookings_confirmed, "update app.bookings set confirmed_at = null where id = %(booking)s"),
    (checks.oversold, "update app.cabin_inventories set authorised = 1, limits = '{1,1,1,1,1,1}'"),
    (checks.sold_rows_equal_counters, "update app.cabin_inventories set sold = '{0,0,3,0,0,0}'"),
    (checks.sold_rows_equal_counters, "update app.segments set status = 'cancelled'"),
    (checks.held_rows_equal_counters, "update app.cabin_inventories set held = '{0,0,0,0,0,0}'"),
    (checks.live_availability_equals_recount, "update live.availability set sold = '{0,0,1,0,0,0}'"),
    (checks.live_availability_equals_recount, "delete from live.availability"),
    (
        checks.commit_to_availability,
        "update live.availability set written_at = source_ts + interval '3 seconds'",
    ),
    (checks.commit_to_availability, "update live.availability set source_ts = '2026-01-01T00:00:00Z'"),
    (checks.attack_detected, "update live.fraud_signals set rule_id = 'V1'"),
    (checks.attack_detected, "update live.fraud_signals set entity_key = 'k1:somebody-else'"),
    (checks.attack_bookings_before_detection, "delete from live.fraud_signals"),
    (checks.false_alerts, "update live.fraud_signals set entity_key = 'k1:somebody-else'"),
    (checks.money_conserved, "update app.payments set amount_minor = amount_minor + 1"),
    (checks.money_conserved, "update app.booking_items set status = 'cancelled'"),
    (checks.journal_sums_to_zero, "update app.journal_entries set amount_minor = amount_minor + 1"),
    (checks.notifications_delivered, "delete from live.notification_requests"),
]


@pytest.mark.parametrize(("check", "wrong"), CASES, ids=lambda case: getattr(case, "__name__", "spoilt"))
def test_a_check_holds_when_all_is_right_and_fails_when_it_is_made_wrong(
    ground: Ground, demo_database: TestDatabase, check: Callable[[Ground], Check], wrong: str
) -> None:
    if check is checks.notifications_delivered:
        deliver_mail(ground)

    right = check(ground)
    spoil(demo_database, wrong)
    spoilt = check(ground)

    assert right.ok, right
    assert not spoilt.ok, spoilt


def test_a_mail_that_never_arrived_is_counted_as_missing(ground: Ground) -> None:
    deliver_mail(ground)
    whole = checks.notifications_delivered(ground)
    for message in (ground.settings.home / "mail" / "new").iterdir():
        message.unlink()

    missing = checks.notifications_delivered(ground)

    assert whole.ok
    assert not missing.ok
    assert "1 missing" in missing.unit


def test_a_check_with_nothing_to_compute_from_fails_with_its_reason(ground: Ground, tmp_path: Path) -> None:
    empty = replace(ground, settings=replace(ground.settings, home=tmp_path), runs=[RunRecord(1, 1, "tour")])

    with pytest.raises(DemoError, match="nothing is published"):
        checks.warehouse_equals_source(empty)
    with pytest.raises(DemoError, match="no present phase"):
        checks.commit_to_kafka(empty)


def deliver_mail(ground: Ground) -> None:
    """Put into the empty sink what the requests ask for, each under its own Message-ID."""
    folder = ground.settings.home / "mail" / "new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for (request,) in ground.rows("select request_id from live.notification_requests"):
        (folder / str(request)).write_text(f"Message-ID: <{request}@contrail.example>\nSubject: x\n\nx\n")
