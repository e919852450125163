with cabins as (
    select * from {{ ref('int_cabin_inventories_current') }}
    where not is_deleted
),

flights as (
    select * from {{ ref('int_flights_current') }}
    where not is_deleted
),

segments as (
    select * from {{ ref('int_segments_current') }}
    where not is_deleted and status = 'live'
),

coupons as (
    select * from {{ ref('int_coupons_current') }}
    where not is_deleted and status in ('open', 'checked_in', 'boarded', 'flown')
),

booked as (
    select
        coupons.flight_id,
        segments.cabin,
        count(*) as booked_coupons,
        sum(coupons.fare_minor) as revenue_minor,
        max(coupons.currency) as currency
    from coupons
    inner join segments on coupons.segment_id = segments.id
    group by coupons.flight_id, segments.cabin
),

described as (
    select
        cabins.id as departure_cabin_id,
        cabins.flight_id,
        cabins.cabin,
        flights.airline,
        flights.flight_number,
        flights.origin || '-' || flights.destination as route_key,
        flights.departure_date,
        flights.departs_at,
        flights.status as flight_status,
        cabins.capacity,
        cabins.authorised,
        {{ array_total('cabins.held') }} as held,
        {{ array_total('cabins.sold') }} as sold,
        cast(coalesce(booked.booked_coupons, 0) as integer) as booked_coupons,
        cast(coalesce(booked.revenue_minor, 0) as bigint) as revenue_minor,
        booked.currency,
        case
            when flights.status = 'cancelled' then 0
            else cast(cabins.capacity as bigint) * flights.distance_km
        end as ask_km,
        cast(coalesce(booked.booked_coupons, 0) * flights.distance_km as bigint) as rpk_km,
        flights.simulated as is_simulated
    from cabins
    left join flights on cabins.flight_id = flights.id
    left join booked on cabins.flight_id = booked.flight_id and cabins.cabin = booked.cabin
)

select * from described
