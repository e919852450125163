"""Least privilege, tried: each role is refused what it has no business doing."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from tests.databases import TestDatabase

pytestmark = pytest.mark.postgres

REFUSED = [
    ("app_rw", "truncate app.airports cascade"),
    ("app_rw", "create table app.mine (id int)"),
    ("app_rw", "drop table app.airports"),
    ("app_rw", "alter table app.airports add column mine int"),
    ("app_rw", "update app.domain_events set type = 'Forged'"),
    ("app_rw", "delete from app.domain_events"),
    ("app_rw", "delete from live.availability"),
    ("app_rw", "insert into live.fraud_scores values ('ip', 'x', 0, '[]', now(), now())"),
    ("app_rw", "create schema mine"),
    ("app_ro", "select * from vault.people"),
    ("app_ro", "select * from vault.logins"),
    ("app_ro", "delete from app.airports"),
    ("cdc", "select * from vault.people"),
    ("cdc", "select * from vault.logins"),
    ("cdc", "select * from app.refresh_tokens"),
    ("cdc", "select * from app.idempotency_records"),
    ("cdc", "select * from live.fraud_scores"),
    ("cdc", "update app.airports set name = 'x'"),
    ("live_rw", "select * from vault.people"),
    ("live_rw", "select * from app.bookings"),
    ("live_rw", "update app.fraud_rules set weight = 1"),
    ("live_rw", "truncate live.availability"),
    ("bi_reader", "select * from app.bookings"),
    ("bi_reader", "select * from vault.people"),
    ("bi_reader", "delete from live.availability"),
]

ALLOWED = [
    ("app_rw", "select count(*) from live.availability"),
    ("app_rw", "select count(*) from vault.people"),
    ("app_rw", "select app.ensure_month_partitions(0)"),
    ("app_ro", "select count(*) from app.bookings"),
    ("cdc", "select count(*) from app.bookings"),
    ("cdc", "select count(*) from live.fraud_signals"),
    ("cdc", "update app.heartbeat set beat_at = now() where id = 1"),
    ("live_rw", "select count(*) from app.fraud_rules"),
    ("live_rw", "delete from live.availability where false"),
    ("bi_reader", "select count(*) from live.fraud_signals"),
]


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_role_is_refused(core_database: TestDatabase, role: str, statement: str) -> None:
    with (
        psycopg.connect(core_database.conninfo(role)) as connection,
        pytest.raises((InsufficientPrivilege, ReadOnlySqlTransaction)),
    ):
        connection.execute(statement)


@pytest.mark.parametrize(("role", "statement"), REFUSED)
def test_refusals_do_not_rest_on_a_setting(core_database: TestDatabase, role: str, statement: str) -> None:
    """A role may set its own transactions to read and write; what it may not do stays refused."""
    with psycopg.connect(core_database.conninfo(role)) as connection:
        connection.execute("set transaction read write")
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


@pytest.mark.parametrize(("role", "statement"), ALLOWED)
def test_role_may_do_its_work(core_database: TestDatabase, role: str, statement: str) -> None:
    with psycopg.connect(core_database.conninfo(role)) as connection:
        connection.execute(statement)
        connection.rollback()


def test_events_are_append_only_even_for_their_owner(core_database: TestDatabase) -> None:
    event = (
        "insert into app.domain_events (id, type, entity_type, entity_id, payload, occurred_at, request_id) "
        "values (gen_random_uuid(), 'Tried', 'test', gen_random_uuid(), '{}', now(), 'r')"
    )
    for change in ("update app.domain_events set type = 'Forged'", "delete from app.domain_events"):
        with psycopg.connect(core_database.conninfo("contrail_owner")) as connection:
            connection.execute(event)
            with pytest.raises(InsufficientPrivilege, match="append-only"):
                connection.execute(change)


def test_application_waits_for_nothing_for_long(core_database: TestDatabase) -> None:
    with psycopg.connect(core_database.conninfo("app_rw")) as connection:
        settings = {
            name: connection.execute("select current_setting(%s)", [name]).fetchone()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        }

    assert settings == {
        "statement_timeout": ("5s",),
        "lock_timeout": ("2s",),
        "idle_in_transaction_session_timeout": ("10s",),
    }
