"""live.notification_requests on a real Postgres."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pipelines.notifications.flow import read
from pipelines.notifications.store import CHANNEL, RequestTable
from pipelines.postgres import LiveDatabase
from pipelines.records import RawMessage
from tests.databases import TestDatabase
from tests.pipelines.messages import START, event_message

pytestmark = pytest.mark.postgres


def messages(count: int) -> list[RawMessage]:
    return [
        event_message(n, "BookingConfirmed", {"pnr": "ABCDEF"}, subject_id=uuid4(), booking_id=uuid4())
        for n in range(count)
    ]


def stored(dsn: str) -> list[tuple[Any, ...]]:
    query = "select template, payload, occurred_at, event_type from live.notification_requests"
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchall()


def test_a_request_is_written_once_however_often_it_is_replayed(
    live_dsn: str, core_database: TestDatabase, live_database: LiveDatabase
) -> None:
    table = RequestTable(live_database)
    batch = messages(3)
    with psycopg.connect(core_database.conninfo("app_ro"), autocommit=True) as listener:
        listener.execute(f"listen {CHANNEL}")

        for _ in range(3):
            assert table.write(read([*batch, *batch])) == []
        table.write(read(messages(1)))
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=2)]

    assert stored(live_dsn)[0] == ("booking_confirmed", {"pnr": "ABCDEF"}, START, "BookingConfirmed")
    assert len(stored(live_dsn)) == 4
    assert heard == ["3", "1"]
