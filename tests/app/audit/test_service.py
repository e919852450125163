"""An entry is there exactly if what it tells of is; a note is there although its request was refused."""

import contextlib
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from app.audit import chain_service
from app.audit import service as audit
from app.core.context import RequestContext, bind
from app.core.db import transaction
from app.core.ids import uuid7
from app.core.security import Caller, Role
from tests.app.settings.conditions import until
from tests.databases import TestDatabase

pytestmark = [pytest.mark.anyio, pytest.mark.postgres, pytest.mark.usefixtures("core")]

ADMIN = Caller(str(uuid7()), frozenset({Role.ADMIN}))


class Refused(Exception):
    """What a request may end with."""


def entries_of(database: TestDatabase, entity_id: UUID) -> list[dict[str, Any]]:
    with psycopg.connect(database.conninfo("app_ro"), row_factory=dict_row) as connection:
        return connection.execute(
            "select * from app.audit_entries where entity_id = %s order by id", [str(entity_id)]
        ).fetchall()


async def test_entry_commits_with_what_it_tells_of(core_database: TestDatabase) -> None:
    bind(RequestContext(request_id="req_audit", ip="203.0.113.9"))
    user_id = uuid7()

    async with transaction() as session:
        await audit.record(
            session,
            "user.roles_changed",
            "user",
            user_id,
            actor=ADMIN,
            before={"roles": ["customer"]},
            after={"roles": ["customer", "agent"], "step": uuid7()},
            reason="joined the desk",
        )

    (entry,) = entries_of(core_database, user_id)
    assert entry["actor_id"] == ADMIN.user_id
    assert entry["actor_roles"] == ["admin"]
    assert entry["before"] == {"roles": ["customer"]}
    assert entry["request_id"] == "req_audit"
    assert entry["ip_hash"].startswith("k1:")
    assert "203.0.113.9" not in str(entry)


async def test_entry_is_rolled_back_with_what_it_tells_of(core_database: TestDatabase) -> None:
    user_id = uuid7()

    with contextlib.suppress(Refused):
        async with transaction() as session:
            await audit.record(session, "user.roles_changed", "user", user_id, actor=ADMIN)
            raise Refused

    assert entries_of(core_database, user_id) == []


async def test_note_outlives_the_refusal_of_its_request(core_database: TestDatabase) -> None:
    user_id = uuid7()

    with contextlib.suppress(Refused):
        async with transaction():
            audit.note("auth.denied", "user", user_id, actor=ADMIN, after={"route": "/v1/admin/users"})
            raise Refused
    await audit.write_notes()
    await until(lambda: audit.pending() == 0)

    (entry,) = entries_of(core_database, user_id)
    assert (entry["kind"], entry["action"]) == ("security", "auth.denied")


async def test_flood_of_notes_is_bounded_and_what_is_lost_is_counted(
    monkeypatch: pytest.MonkeyPatch, core_database: TestDatabase
) -> None:
    monkeypatch.setattr(audit, "MAX_NOTES", 3)
    user_id, lost = uuid7(), audit.LOST._value.get()

    for _ in range(5):
        audit.note("auth.denied", "user", user_id, actor=audit.UNKNOWN)
    await audit.write_notes()
    await until(lambda: audit.pending() == 0)

    assert len(entries_of(core_database, user_id)) == 3
    assert audit.LOST._value.get() - lost == 2


async def test_personal_value_is_refused_before_anything_is_written(core_database: TestDatabase) -> None:
    user_id = uuid7()

    with pytest.raises(ValueError, match="email"):
        async with transaction() as session:
            await audit.record(
                session, "user.changed", "user", user_id, actor=ADMIN, after={"email": "ada@example.com"}
            )

    assert entries_of(core_database, user_id) == []


@pytest.mark.parametrize("table", ["audit_entries", "audit_chain"])
@pytest.mark.parametrize("role", ["app_rw", "contrail_owner"])
async def test_nobody_changes_or_removes_an_entry(core_database: TestDatabase, table: str, role: str) -> None:
    async with transaction() as session:
        await audit.record(session, "user.roles_changed", "user", uuid7(), actor=None)
    async with transaction() as session:
        await chain_service.seal(session)

    column = {"audit_entries": "action", "audit_chain": "sealed_at"}[table]
    for change in (f"update app.{table} set {column} = {column}", f"delete from app.{table}"):
        with (
            psycopg.connect(core_database.conninfo(role)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(change)


async def test_partition_is_as_closed_as_its_root(core_database: TestDatabase) -> None:
    async with transaction() as session:
        await audit.record(session, "user.roles_changed", "user", uuid7(), actor=None)

    with psycopg.connect(core_database.conninfo("app_rw")) as connection:
        (partition,) = connection.execute(
            "select tableoid::regclass::text from app.audit_entries order by id desc limit 1"
        ).fetchone() or ("",)
        assert partition != "app.audit_entries_default", "this month has a partition of its own"
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"delete from {partition}")
