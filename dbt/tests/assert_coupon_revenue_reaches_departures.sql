{{ config(meta={'dagster': {'ref': {'name': 'fct_departure_cabin'}}}) }}

-- Every fare that counts as booked is on exactly one departure and cabin.
with coupons as (
    select
        coupons.flight_id,
        coupons.cabin,
        sum(coupons.fare_minor) as fare_minor
    from {{ ref('fct_coupon') }} as coupons
    inner join {{ ref('int_segments_current') }} as segments on coupons.segment_id = segments.id
    where
        coupons.status in ('open', 'checked_in', 'boarded', 'flown')
        and segments.status = 'live'
    group by coupons.flight_id, coupons.cabin
)

select
    departures.departure_cabin_id,
    departures.revenue_minor,
    coupons.fare_minor
from {{ ref('fct_departure_cabin') }} as departures
left join coupons on departures.flight_id = coupons.flight_id and departures.cabin = coupons.cabin
where departures.revenue_minor <> coalesce(coupons.fare_minor, 0)
