"""Owns the statements of the Data quality page."""

from dashboards.queries.query import Query

TABLE_FRESHNESS = Query(
    "table_freshness",
    """
    select
        table_name,
        row_count,
        event_count,
        max_source_ts,
        max_loaded_at,
        date_diff('millisecond', max_source_ts, max_loaded_at) / 1000.0 as load_delay_seconds
    from ops.ops_table_freshness
    order by table_name
    """,
)

RECONCILIATION = Query(
    "reconciliation",
    """
    select table_name, source_rows, missing, extra, different, checked_at
    from ops.ops_reconciliation
    order by missing + extra + different desc, table_name
    """,
)

LOADS = Query(
    "loads",
    """
    select loaded_at, topic, partition, start_offset, next_offset, row_count, contract_status
    from ops.ops_load
    order by loaded_at desc, topic, partition, start_offset
    limit 200
    """,
)

LOADS_BY_HOUR = Query(
    "loads_by_hour",
    """
    select
        date_trunc('hour', loaded_at) as hour,
        count(*) as files,
        sum(row_count) as rows_loaded
    from ops.ops_load
    where loaded_at > $starts_at
    group by date_trunc('hour', loaded_at)
    order by hour
    """,
)

QUARANTINE = Query(
    "quarantine",
    """
    select quarantined_at, topic, partition, path, reason
    from ops.ops_quarantine
    order by quarantined_at desc
    limit 200
    """,
)
