select
    topic_id,
    topic,
    kpart,
    koffset,
    load_id,
    src_table,
    op,
    is_snapshot,
    pk,
    lsn,
    tx_id,
    source_ts,
    before,
    after
from {{ source('raw', 'change_log') }}
