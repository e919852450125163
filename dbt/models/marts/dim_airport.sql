with airports as (
    select * from {{ ref('int_airports_current') }}
    where not is_deleted
),

described as (
    select
        code as airport_code,
        name as airport_name,
        city,
        country,
        latitude,
        longitude,
        zone,
        simulated as is_simulated
    from airports
)

select * from described
