select
    runs.reconciliation_id,
    runs.checked_at,
    runs.snapshot_at,
    runs.is_ok,
    results.table_name,
    results.source_rows,
    results.missing,
    results.extra,
    results.different
from {{ source('operations', 'reconciliation_run') }} as runs
inner join {{ source('operations', 'reconciliation_table') }} as results
    on runs.reconciliation_id = results.reconciliation_id
