select
    quarantine_id,
    quarantined_at,
    topic,
    partition,
    path,
    reason,
    resolved_at
from {{ source('raw', 'quarantine') }}
