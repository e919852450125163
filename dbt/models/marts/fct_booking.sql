with bookings as (
    select * from {{ ref('int_bookings_current') }}
    where not is_deleted
),

flights as (
    select * from {{ ref('int_flights_current') }}
    where not is_deleted
),

first_segments as (
    select distinct on (booking_id)
        booking_id,
        flight_id,
        cabin,
        fare_class
    from {{ ref('int_segments_current') }}
    where not is_deleted
    order by booking_id, slice_number, segment_number
),

items as (
    select
        booking_id,
        sum(case when kind <> 'penalty' then amount_minor else 0 end) as live_items_minor,
        sum(case when kind = 'penalty' then amount_minor else 0 end) as penalties_minor
    from {{ ref('int_booking_items_current') }}
    where not is_deleted and status = 'live'
    group by booking_id
),

captures as (
    select
        booking_id,
        sum(amount_minor) as captured_minor
    from {{ ref('int_payments_current') }}
    where not is_deleted and captured_at is not null
    group by booking_id
),

refunds as (
    select
        booking_id,
        sum(amount_minor) as refunded_minor
    from {{ ref('int_refunds_current') }}
    where not is_deleted and status = 'done'
    group by booking_id
),

described as (
    select
        bookings.id as booking_id,
        bookings.pnr,
        bookings.created_at,
        {{ utc_date('bookings.created_at') }} as created_date,
        bookings.status,
        bookings.channel,
        bookings.currency,
        bookings.passenger_count,
        first_segments.flight_id,
        flights.origin || '-' || flights.destination as route_key,
        flights.airline,
        flights.flight_number,
        first_segments.cabin,
        first_segments.fare_class,
        flights.departure_date,
        cast(flights.departure_date - {{ utc_date('bookings.created_at') }} as integer) as days_before_departure,
        cast(coalesce(items.live_items_minor, 0) as bigint) as live_items_minor,
        cast(coalesce(items.penalties_minor, 0) as bigint) as penalties_minor,
        cast(coalesce(captures.captured_minor, 0) as bigint) as captured_minor,
        cast(coalesce(refunds.refunded_minor, 0) as bigint) as refunded_minor,
        cast(
            coalesce(captures.captured_minor, 0) - coalesce(refunds.refunded_minor, 0) as bigint
        ) as net_revenue_minor,
        bookings.confirmed_at,
        bookings.cancelled_at,
        bookings.expired_at,
        bookings.simulated as is_simulated,
        bookings.request_id
    from bookings
    left join first_segments on bookings.id = first_segments.booking_id
    left join flights on first_segments.flight_id = flights.id
    left join items on bookings.id = items.booking_id
    left join captures on bookings.id = captures.booking_id
    left join refunds on bookings.id = refunds.booking_id
)

select * from described
