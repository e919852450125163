"""Owns the statements that more than one page asks."""

from dashboards.queries.query import Query

CURRENCIES = Query(
    "currencies",
    """
    select currency, count(*) as bookings
    from marts.fct_booking
    group by currency
    order by bookings desc, currency
    """,
)

RECONCILIATION_STATE = Query(
    "reconciliation_state",
    """
    select
        max(checked_at) as checked_at,
        count(*) as tables,
        coalesce(count(*) filter (where missing + extra + different = 0), 0) as equal_tables,
        coalesce(sum(source_rows), 0) as source_rows,
        coalesce(sum(missing), 0) as missing,
        coalesce(sum(extra), 0) as extra,
        coalesce(sum(different), 0) as different
    from ops.ops_reconciliation
    """,
)
