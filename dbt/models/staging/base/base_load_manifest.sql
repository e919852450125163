select
    topic_id,
    topic,
    partition,
    start_offset,
    next_offset,
    row_count,
    path,
    max_source_ts,
    contract_status,
    loaded_at,
    run_id
from {{ source('raw', 'load_manifest') }}
