{{ config(meta={'dagster': {'ref': {'name': 'fct_departure_cabin'}}}) }}

-- What the inventory counts as sold is what was ticketed, plus the seats of bookings that are confirmed
-- and about to be ticketed. Cabins touched after the last clean comparison are left out.
with recent as (
    select
        flight_id,
        source_ts
    from {{ ref('int_cabin_inventories_current') }}
    union all
    select
        flight_id,
        source_ts
    from {{ ref('int_coupons_current') }}
    union all
    select
        flight_id,
        source_ts
    from {{ ref('int_segments_current') }}
    union all
    select
        segments.flight_id,
        bookings.source_ts
    from {{ ref('int_segments_current') }} as segments
    inner join {{ ref('int_bookings_current') }} as bookings on segments.booking_id = bookings.id
),

touched as (
    select distinct flight_id
    from recent
    where source_ts > {{ complete_until() }}
),

awaiting_tickets as (
    select
        segments.flight_id,
        segments.cabin,
        sum(bookings.passenger_count) as seats
    from {{ ref('int_segments_current') }} as segments
    inner join {{ ref('int_bookings_current') }} as bookings on segments.booking_id = bookings.id
    where
        segments.status = 'live'
        and bookings.status = 'confirmed'
    group by segments.flight_id, segments.cabin
)

select
    cabins.flight_id,
    cabins.cabin,
    cabins.sold,
    cabins.booked_coupons,
    awaiting_tickets.seats
from {{ ref('fct_departure_cabin') }} as cabins
left join awaiting_tickets
    on cabins.flight_id = awaiting_tickets.flight_id and cabins.cabin = awaiting_tickets.cabin
where
    cabins.sold <> cabins.booked_coupons + coalesce(awaiting_tickets.seats, 0)
    and cabins.flight_id not in (
        select touched.flight_id from touched
        where touched.flight_id is not null
    )
