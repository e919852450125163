{{ config(meta={'dagster': {'ref': {'name': 'fct_booking'}}}) }}

-- Per booking past held: captured - refunded = live items + penalties. A refund that the provider has
-- not finished yet is money on its way; rows newer than the last clean comparison may still be partial.
with touched as (
    select
        id as booking_id,
        source_ts
    from {{ ref('int_bookings_current') }}
    union all
    select
        booking_id,
        source_ts
    from {{ ref('int_booking_items_current') }}
    union all
    select
        booking_id,
        source_ts
    from {{ ref('int_payments_current') }}
    union all
    select
        booking_id,
        source_ts
    from {{ ref('int_refunds_current') }}
),

complete as (
    select booking_id
    from touched
    group by booking_id
    having max(source_ts) <= {{ complete_until() }}
),

refunds_under_way as (
    select booking_id
    from {{ ref('int_refunds_current') }}
    where not is_deleted and status in ('created', 'in_transit')
)

select
    booking_id,
    captured_minor,
    refunded_minor,
    live_items_minor,
    penalties_minor
from {{ ref('fct_booking') }}
where
    status <> 'held'
    and captured_minor - refunded_minor <> live_items_minor + penalties_minor
    and booking_id in (select complete.booking_id from complete)
    and booking_id not in (select refunds_under_way.booking_id from refunds_under_way)
