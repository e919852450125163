select
    version,
    published_at,
    max_source_ts
from {{ source('operations', 'publication') }}
