"""live.availability on a real Postgres."""

import random
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deploy.local.postgres import superuser_dsn
from pipelines.availability.inventory import InventoryChange, inventory_change, seats_open
from pipelines.availability.store import CHANNEL, AvailabilityTable
from pipelines.envelope import decode
from pipelines.postgres import LiveDatabase
from pipelines.records import BadMessage
from tests.databases import TestDatabase
from tests.pipelines.messages import inventory_message, inventory_row

pytestmark = pytest.mark.postgres


def read(offset: int, row: dict[str, Any], **options: Any) -> InventoryChange | BadMessage:
    return inventory_change(decode(inventory_message(offset, row, **options)))


@pytest.fixture
def table(live_database: LiveDatabase) -> AvailabilityTable:
    return AvailabilityTable(live_database)


def rows(dsn: str) -> list[tuple[Any, ...]]:
    query = "select flight_id::text, cabin, version, lsn, seats_open from live.availability order by 1, 2"
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def test_the_newest_version_stays_whatever_the_order(live_dsn: str, table: AvailabilityTable) -> None:
    row = inventory_row()
    versions = [read(n, {**row, "version": n}, op="u", lsn=1000 + n) for n in range(1, 9)]
    order = versions * 2
    random.Random(7).shuffle(order)

    for item in order:
        assert table.write([item]) == []

    (kept,) = rows(live_dsn)
    assert kept[2:] == (8, 1008, seats_open(row["limits"], row["held"], row["sold"]))


def test_one_batch_may_hold_many_changes_of_one_cabin(live_dsn: str, table: AvailabilityTable) -> None:
    row, other = inventory_row(), inventory_row()

    table.write(
        [
            read(1, row, lsn=10),
            read(2, {**row, "version": 3}, op="u", lsn=30),
            read(3, {**row, "version": 2}, op="u", lsn=20),
            read(4, other, lsn=11),
        ]
    )

    assert sorted(kept[2:4] for kept in rows(live_dsn)) == [(1, 11), (3, 30)]


def test_a_deleted_cabin_goes_unless_it_was_written_later(live_dsn: str, table: AvailabilityTable) -> None:
    gone, kept = inventory_row(), inventory_row()
    table.write([read(1, gone, lsn=10), read(2, kept, lsn=50)])

    table.write([read(3, gone, op="d", lsn=20), read(4, kept, op="d", lsn=40)])

    assert [row[0] for row in rows(live_dsn)] == [kept["flight_id"]]


def test_listeners_hear_of_changed_flights_and_only_of_those(
    live_dsn: str, core_database: TestDatabase, table: AvailabilityTable
) -> None:
    many = [inventory_row() for _ in range(450)]
    with psycopg.connect(core_database.conninfo("app_ro"), autocommit=True) as listener:
        listener.execute(f"listen {CHANNEL}")

        table.write([read(n, row, lsn=10) for n, row in enumerate(many)])
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=3)]
        table.write([read(n, row, lsn=10) for n, row in enumerate(many)])
        table.write([read(1, many[0], op="u", lsn=11)])
        replayed = [note.payload for note in listener.notifies(timeout=5, stop_after=1)]

    assert all(len(payload) < 8000 for payload in heard)
    assert sorted(",".join(heard).split(",")) == sorted(row["flight_id"] for row in many)
    assert replayed == [many[0]["flight_id"]]


def test_a_row_postgres_refuses_does_not_stop_its_batch(live_dsn: str, table: AvailabilityTable) -> None:
    good = inventory_row()
    strange = read(2, inventory_row(cabin="economy"), lsn=2**62)
    assert isinstance(strange, InventoryChange)
    too_large = InventoryChange(strange.change, 2**63, strange.cabin_inventory_id, strange.inventory)

    (refused,) = table.write([read(1, good, lsn=10), too_large])

    assert "Postgres refused it" in refused.reason
    assert refused.message.offset == 2
    assert [row[0] for row in rows(live_dsn)] == [good["flight_id"]]


def test_a_lost_connection_is_opened_again(
    live_dsn: str, live_database: LiveDatabase, core_database: TestDatabase, table: AvailabilityTable
) -> None:
    row = inventory_row()
    table.write([read(1, row, lsn=10)])
    pid = live_database.run(lambda connection: connection.info.backend_pid)
    superuser = superuser_dsn(core_database.home, "core", core_database.host, core_database.port)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))

    assert table.write([read(2, {**row, "version": 2}, op="u", lsn=20)]) == []

    assert rows(live_dsn)[0][2] == 2


LADDER = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=8
)


def test_seats_open_is_the_rule_of_the_database(live_dsn: str) -> None:
    with psycopg.connect(live_dsn, autocommit=True) as connection:

        @hypothesis_settings(max_examples=200, deadline=None)
        @given(classes=LADDER)
        def agree(classes: list[tuple[int, int, int]]) -> None:
            limits, held, sold = (list(column) for column in zip(*classes, strict=True))
            answer = connection.execute("select app.seats_open(%s, %s, %s)", (limits, held, sold)).fetchone()
            assert answer == (seats_open(limits, held, sold),)

        agree()
