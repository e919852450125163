"""Months of the tables that grow. Everything happens in one transaction that is rolled back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from app import jobs
from app.tables import CAPTURED
from tests.app.departures import make_booking
from tests.databases import TestDatabase

pytestmark = pytest.mark.postgres

Connection = psycopg.Connection[tuple[object, ...]]

GROWING = ("audit_entries", "bookings", "domain_events", "payments", "search_events")
DECEMBER = datetime(2037, 12, 15, tzinfo=UTC)
LAST_OF_THE_YEAR = datetime(2037, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
NEW_YEAR = datetime(2038, 1, 1, tzinfo=UTC)


@pytest.fixture
def rolled_back(core_database: TestDatabase) -> Iterator[Connection]:
    with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
        yield connection
        connection.rollback()


def id_of(moment: datetime, number: int = 1) -> UUID:
    """A UUIDv7 of that millisecond."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0b10 << 62 | number)


def make_ahead(connection: Connection, moment: datetime, months: int = 3) -> int:
    row = connection.execute("select app.ensure_month_partitions(%s, %s)", (months, moment)).fetchone()
    return int(str(row[0])) if row else 0


def add_event(connection: Connection, event_id: UUID) -> None:
    connection.execute(
        "insert into app.domain_events (id, type, entity_type, entity_id, occurred_at, payload, request_id) "
        "values (%s, 'Tried', 'try', %s, now(), '{}', 'test')",
        (event_id, event_id),
    )


def partition_of(connection: Connection, table: str, row_id: UUID) -> object:
    statement = f"select tableoid::regclass::text from app.{table} where id = %s"  # nosec B608
    row = connection.execute(statement, (row_id,)).fetchone()
    return row[0] if row else None


def without_partition(connection: Connection) -> dict[object, object]:
    rows = connection.execute("select parent, misplaced from app.rows_without_partition()").fetchall()
    return {row[0]: row[1] for row in rows}


def test_every_month_around_the_turn_of_a_year_is_made_for_every_table(rolled_back: Connection) -> None:
    make_ahead(rolled_back, DECEMBER)

    rows = rolled_back.execute(
        "select relname from pg_class where relname ~ '_20(37|38)_[0-9]{2}$' and relkind = 'r' order by 1"
    ).fetchall()
    months = ("2037_11", "2037_12", "2038_01", "2038_02", "2038_03")
    assert [row[0] for row in rows] == [f"{table}_{month}" for table in GROWING for month in months]
    assert make_ahead(rolled_back, DECEMBER) == 0


def test_last_millisecond_of_a_year_and_the_first_of_the_next_are_in_their_months(
    rolled_back: Connection,
) -> None:
    rolled_back.execute("set local timezone = 'Pacific/Auckland'")
    make_ahead(rolled_back, DECEMBER)
    for moment in (LAST_OF_THE_YEAR, NEW_YEAR):
        add_event(rolled_back, id_of(moment))

    found = [partition_of(rolled_back, "domain_events", id_of(m)) for m in (LAST_OF_THE_YEAR, NEW_YEAR)]

    assert found == ["app.domain_events_2037_12", "app.domain_events_2038_01"]
    assert without_partition(rolled_back)["domain_events"] == 0


def test_month_that_was_not_made_is_noticed(rolled_back: Connection) -> None:
    """The negative control: without the chore the row is kept, in the wrong place, and counted."""
    add_event(rolled_back, id_of(NEW_YEAR))

    assert partition_of(rolled_back, "domain_events", id_of(NEW_YEAR)) == "app.domain_events_default"
    assert without_partition(rolled_back)["domain_events"] == 1


def test_rows_without_a_month_move_into_it_with_all_that_refers_to_them(rolled_back: Connection) -> None:
    """Also where rows can be neither changed nor deleted otherwise, and where others refer to them."""
    booking = id_of(NEW_YEAR)
    made = make_booking(rolled_back)
    columns = "pnr, contact_subject_id, status, offer_id, channel, currency, total_minor, passenger_count"
    columns += ", price_guarantee_expires_at, payment_required_by, distinct_surnames, created_at, request_id"
    rolled_back.execute(
        f"insert into app.bookings (id, {columns}) select %s, {columns} from app.bookings where id = %s",  # nosec B608
        (booking, made),
    )
    rolled_back.execute(
        "insert into app.passengers (id, booking_id, subject_id, type, created_at) "
        "values (%s, %s, %s, 'adult', now())",
        (booking, booking, booking),
    )
    add_event(rolled_back, id_of(NEW_YEAR))

    make_ahead(rolled_back, DECEMBER - timedelta(days=300))

    assert partition_of(rolled_back, "bookings", booking) == "app.bookings_2038_01"
    assert partition_of(rolled_back, "domain_events", id_of(NEW_YEAR)) == "app.domain_events_2038_01"
    assert set(without_partition(rolled_back).values()) == {0}


def test_new_months_have_the_whole_row_in_the_log_and_are_published_as_their_table(
    rolled_back: Connection,
) -> None:
    make_ahead(rolled_back, DECEMBER)

    captured = [table for table in GROWING if table in CAPTURED]
    rows = rolled_back.execute(
        "select relreplident, count(*) from pg_class where relname = any(%s) group by 1",
        ([f"{table}_2038_01" for table in captured],),
    ).fetchall()
    published = rolled_back.execute(
        "select tablename from pg_publication_tables where pubname = 'contrail' and tablename like any(%s)",
        ([f"{table}%" for table in captured],),
    ).fetchall()
    assert rows == [("f", len(captured))]
    assert {row[0] for row in published} == set(captured) | {"payments", "bookings"}


def test_months_beyond_what_is_kept_are_retired_and_later_dropped(rolled_back: Connection) -> None:
    make_ahead(rolled_back, DECEMBER)
    add_event(rolled_back, id_of(DECEMBER))
    later = datetime(2040, 2, 1, tzinfo=UTC)

    retired = []
    while name := retire(rolled_back, "domain_events", 25, later):
        retired.append(name)

    assert retired[-1] == "domain_events_2037_12"
    assert "domain_events_2038_01" not in retired
    assert partition_of(rolled_back, "domain_events", id_of(DECEMBER)) is None
    kept = rolled_back.execute("select id from retired.domain_events_2037_12").fetchall()
    assert kept == [(id_of(DECEMBER),)]
    assert drop_retired(rolled_back, 35, later + timedelta(days=35)) is None
    assert drop_retired(rolled_back, 35, later + timedelta(days=36)) == retired[0]


def retire(connection: Connection, table: str, months: int, moment: datetime) -> object:
    row = connection.execute(
        "select app.retire_month_partition(%s, %s, %s)", (table, months, moment)
    ).fetchone()
    return row[0] if row else None


def drop_retired(connection: Connection, days: int, moment: datetime) -> object:
    row = connection.execute("select app.drop_retired_partition(%s, %s)", (days, moment)).fetchone()
    return row[0] if row else None


@pytest.mark.parametrize("table", ["bookings", "payments", "users"])
def test_what_is_kept_for_good_cannot_be_retired(core_database: TestDatabase, table: str) -> None:
    """Not by the application's own role either, whatever a setting says."""
    with (
        psycopg.connect(core_database.conninfo("app_rw")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="not retired"),
    ):
        connection.execute("select app.retire_month_partition(%s, 1)", (table,))


@pytest.mark.anyio
async def test_chore_makes_months_moves_rows_and_tells(
    core: None, core_database: TestDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the application's role, in transactions of its own."""
    event = id_of(datetime(2026, 1, 7, tzinfo=UTC), number=7)
    with psycopg.connect(core_database.conninfo("contrail_owner"), autocommit=True) as connection:
        add_event(connection, event)

        await jobs._ensure_partitions()

        assert partition_of(connection, "domain_events", event) == "app.domain_events_2026_01"
        assert "rows_without_partition" in capsys.readouterr().out
        assert await jobs._retire_partitions() == 0
