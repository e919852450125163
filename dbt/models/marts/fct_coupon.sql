with coupons as (
    select * from {{ ref('int_coupons_current') }}
    where not is_deleted
),

tickets as (
    select * from {{ ref('int_tickets_current') }}
    where not is_deleted
),

segments as (
    select * from {{ ref('int_segments_current') }}
    where not is_deleted
),

flights as (
    select * from {{ ref('int_flights_current') }}
    where not is_deleted
),

bookings as (
    select * from {{ ref('int_bookings_current') }}
    where not is_deleted
),

described as (
    select
        coupons.id as coupon_id,
        coupons.ticket_id,
        tickets.number as ticket_number,
        coupons.booking_id,
        coupons.passenger_id,
        coupons.segment_id,
        coupons.flight_id,
        flights.origin || '-' || flights.destination as route_key,
        segments.cabin,
        segments.fare_class,
        coupons.status,
        coupons.fare_minor,
        coupons.tax_minor,
        coupons.currency,
        tickets.issued_at,
        flights.departure_date,
        flights.distance_km,
        bookings.simulated as is_simulated
    from coupons
    left join tickets on coupons.ticket_id = tickets.id
    left join segments on coupons.segment_id = segments.id
    left join flights on coupons.flight_id = flights.id
    left join bookings on coupons.booking_id = bookings.id
)

select * from described
