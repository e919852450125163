"""The replication slot as Postgres sees it."""

from typing import Any, NamedTuple

import psycopg

SLOT = "contrail"
# A slot that keeps more than this share of what it may keep will be lost soon.
ALARM_SHARE = 0.5
DROP_LIMIT = "10s"

_FIND = """
select
    wal_status,
    active,
    coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint,
    coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn), 0)::bigint,
    (select setting::bigint * 1024 * 1024 from pg_settings where name = 'max_slot_wal_keep_size')
from pg_replication_slots
where slot_name = %s
"""


class Slot(NamedTuple):
    """How far behind the slot is, and how much log it keeps."""

    wal_status: str
    active: bool
    kept_bytes: int
    lag_bytes: int
    limit_bytes: int

    @property
    def is_lost(self) -> bool:
        """Postgres has removed log the connector had not read."""
        return self.wal_status == "lost"

    @property
    def is_filling(self) -> bool:
        return self.limit_bytes > 0 and self.kept_bytes > ALARM_SHARE * self.limit_bytes


def find_slot(connection: psycopg.Connection[tuple[Any, ...]]) -> Slot | None:
    row = connection.execute(_FIND, (SLOT,)).fetchone()
    return Slot(*row) if row else None


def drop_slot(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Drop the slot; its connector must be stopped. Waits no longer than DROP_LIMIT for that."""
    connection.execute("select set_config('statement_timeout', %s, false)", (DROP_LIMIT,))
    connection.execute(
        "select pg_terminate_backend(active_pid) from pg_replication_slots "
        "where slot_name = %s and active_pid is not null",
        (SLOT,),
    )
    connection.execute("select pg_drop_replication_slot(%s)", (SLOT,))
