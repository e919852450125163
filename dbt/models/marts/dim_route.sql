with routes as (
    select * from {{ ref('int_routes_current') }}
    where not is_deleted
),

airports as (
    select * from {{ ref('int_airports_current') }}
    where not is_deleted
),

described as (
    select
        routes.origin || '-' || routes.destination as route_key,
        routes.origin,
        routes.destination,
        origins.city as origin_city,
        destinations.city as destination_city,
        routes.distance_km,
        origins.country <> destinations.country as is_international,
        routes.simulated as is_simulated
    from routes
    left join airports as origins on routes.origin = origins.code
    left join airports as destinations on routes.destination = destinations.code
)

select * from described
