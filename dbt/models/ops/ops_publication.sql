with versions as (
    select
        version,
        published_at,
        max_source_ts
    from {{ ref('base_publication') }}
)

select * from versions
