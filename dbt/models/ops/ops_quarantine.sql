with waiting as (
    select
        quarantined_at,
        topic,
        partition,
        path,
        reason
    from {{ ref('base_quarantine') }}
    where resolved_at is null
)

select * from waiting
