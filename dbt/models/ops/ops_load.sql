with loads as (
    select
        *,
        max(loaded_at) over () as newest_loaded_at
    from {{ ref('base_load_manifest') }}
),

described as (
    select
        loaded_at,
        topic,
        partition,
        start_offset,
        next_offset,
        row_count,
        contract_status
    from loads
    where loaded_at > newest_loaded_at - interval '{{ var("load_days") }} days'
)

select * from described
