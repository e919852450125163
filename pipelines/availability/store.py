"""live.availability: one statement a batch, guarded by LSN, that also notifies of the flights it changed."""

from collections.abc import Sequence

import msgspec
import psycopg

from pipelines import metrics
from pipelines.availability.inventory import InventoryChange, latest, seats_open
from pipelines.postgres import LiveDatabase, write_or_refuse
from pipelines.records import BadMessage

FLOW = "availability"
CHANNEL = "availability"
FLIGHTS_PER_NOTIFICATION = 200  # 37 bytes each: stays below the 8,000 bytes of a payload

# Strictly newer wins, so a replay changes nothing and tells nobody.
UPSERT = """
with rows as (
    select * from json_to_recordset(%(rows)s::json) as t (
        flight_id uuid,
        cabin text,
        cabin_inventory_id uuid,
        capacity integer,
        authorised integer,
        classes text[],
        limits integer[],
        held integer[],
        sold integer[],
        seats_open integer[],
        version integer,
        lsn bigint,
        source_ts_us bigint,
        is_snapshot boolean
    )
),

changed as (
    insert into live.availability as live (
        flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
        version, lsn, source_ts, is_snapshot
    )
    select
        flight_id, cabin, cabin_inventory_id, capacity, authorised, classes, limits, held, sold, seats_open,
        version, lsn, 'epoch'::timestamptz + source_ts_us * interval '1 microsecond', is_snapshot
    from rows
    order by flight_id, cabin
    on conflict (flight_id, cabin) do update set
        cabin_inventory_id = excluded.cabin_inventory_id,
        capacity = excluded.capacity,
        authorised = excluded.authorised,
        classes = excluded.classes,
        limits = excluded.limits,
        held = excluded.held,
        sold = excluded.sold,
        seats_open = excluded.seats_open,
        version = excluded.version,
        lsn = excluded.lsn,
        source_ts = excluded.source_ts,
        is_snapshot = excluded.is_snapshot,
        written_at = clock_timestamp()
    where live.lsn < excluded.lsn
    returning flight_id
),

flights as (
    select flight_id, (row_number() over () - 1) / %(chunk)s as chunk
    from (select distinct flight_id from changed) as once
),

payloads as (
    select string_agg(flight_id::text, ',') as payload from flights group by chunk
)

select count(pg_notify(%(channel)s, payload)) from payloads
"""

DELETE = """
with rows as (
    select * from json_to_recordset(%(rows)s::json) as t (cabin_inventory_id uuid, lsn bigint)
),

gone as (
    delete from live.availability as live
    using rows
    where live.cabin_inventory_id = rows.cabin_inventory_id and live.lsn < rows.lsn
    returning live.flight_id
),

flights as (
    select flight_id, (row_number() over () - 1) / %(chunk)s as chunk
    from (select distinct flight_id from gone) as once
),

payloads as (
    select string_agg(flight_id::text, ',') as payload from flights group by chunk
)

select count(pg_notify(%(channel)s, payload)) from payloads
"""


class AvailabilityTable:
    """Writes cabin changes; what cannot be written passes on as BadMessage."""

    def __init__(self, database: LiveDatabase) -> None:
        self._database = database

    def write(self, items: list[InventoryChange | BadMessage]) -> list[BadMessage]:
        """Bring live.availability up to these changes and NOTIFY the flights that changed."""
        bad = [item for item in items if isinstance(item, BadMessage)]
        changes = [item for item in items if isinstance(item, InventoryChange)]
        refused = write_or_refuse(latest(changes), self._write_all, lambda item: item.change)
        metrics.count_written(FLOW, [item.change for item in changes])
        return bad + refused

    def _write_all(self, changes: list[InventoryChange]) -> None:
        kept = [_row(item) for item in changes if item.inventory is not None]
        gone = [
            {"cabin_inventory_id": item.cabin_inventory_id, "lsn": item.lsn}
            for item in changes
            if item.inventory is None
        ]
        if gone:
            self._database.run(lambda connection: _execute(connection, DELETE, gone))
        if kept:
            self._database.run(lambda connection: _execute(connection, UPSERT, kept))


def _execute(connection: psycopg.Connection, statement: str, rows: Sequence[dict[str, object]]) -> None:
    parameters = {
        "rows": msgspec.json.encode(rows).decode(),
        "chunk": FLIGHTS_PER_NOTIFICATION,
        "channel": CHANNEL,
    }
    connection.execute(statement, parameters, prepare=True)


def _row(item: InventoryChange) -> dict[str, object]:
    inventory = item.inventory
    assert inventory is not None
    return {
        "flight_id": inventory.flight_id,
        "cabin": inventory.cabin,
        "cabin_inventory_id": inventory.id,
        "capacity": inventory.capacity,
        "authorised": inventory.authorised,
        "classes": inventory.classes,
        "limits": inventory.limits,
        "held": inventory.held,
        "sold": inventory.sold,
        "seats_open": seats_open(inventory.limits, inventory.held, inventory.sold),
        "version": inventory.version,
        "lsn": item.lsn,
        "source_ts_us": item.change.source_ts_us,
        "is_snapshot": item.change.is_snapshot,
    }
