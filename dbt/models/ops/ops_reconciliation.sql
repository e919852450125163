with results as (
    select
        *,
        dense_rank() over (order by checked_at desc, reconciliation_id asc) as nth_newest
    from {{ ref('base_reconciliation') }}
),

described as (
    select
        checked_at,
        table_name,
        source_rows,
        missing,
        extra,
        different
    from results
    where nth_newest = 1
)

select * from described
