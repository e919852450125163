"""Owns the statements of the Revenue page."""

from dashboards.queries.query import Query

ROUTES = Query(
    "revenue_routes",
    """
    select route.route_key, route.origin_city, route.destination_city
    from marts.dim_route as route
    where route.route_key in (select route_key from marts.fct_booking)
    order by route.route_key
    """,
)

TOTALS = Query(
    "revenue_totals",
    """
    select
        count(*) as bookings,
        coalesce(sum(live_items_minor + penalties_minor), 0) as booked_minor,
        count(*) filter (where status = 'cancelled') as cancelled,
        coalesce(sum(passenger_count), 0) as passengers
    from marts.fct_booking
    where confirmed_at is not null
        and created_date between $first_day and $last_day
        and currency = $currency
        and ($route::varchar is null or route_key = $route)
        and ($cabin::varchar is null or cabin = $cabin)
    """,
)

COUPONS = Query(
    "revenue_coupons",
    """
    select
        count(*) as coupons,
        coalesce(sum(fare_minor), 0) as fare_minor,
        coalesce(sum(distance_km), 0) as distance_km
    from marts.fct_coupon
    where status not in ('void', 'refunded', 'exchanged')
        and cast(issued_at as date) between $first_day and $last_day
        and currency = $currency
        and ($route::varchar is null or route_key = $route)
        and ($cabin::varchar is null or cabin = $cabin)
    """,
)

BY_DAY = Query(
    "revenue_by_day",
    """
    select
        days.date_day,
        count(booking.booking_id) as bookings,
        count(booking.booking_id) filter (where booking.status = 'cancelled') as cancelled,
        coalesce(sum(booking.live_items_minor + booking.penalties_minor), 0) as booked_minor
    from marts.dim_date as days
    left join marts.fct_booking as booking
        on booking.created_date = days.date_day
        and booking.confirmed_at is not null
        and booking.currency = $currency
        and ($route::varchar is null or booking.route_key = $route)
        and ($cabin::varchar is null or booking.cabin = $cabin)
    where days.date_day between $first_day and $last_day
    group by days.date_day
    order by days.date_day
    """,
)

FIRST_DAY = Query(
    "revenue_first_day",
    """
    select min(created_date) as first_day from marts.fct_booking
    """,
)

BY_ROUTE = Query(
    "revenue_by_route",
    """
    select
        booking.route_key,
        route.origin_city,
        route.destination_city,
        count(*) as bookings,
        count(*) filter (where booking.status = 'cancelled') as cancelled,
        sum(booking.live_items_minor + booking.penalties_minor) as booked_minor
    from marts.fct_booking as booking
    join marts.dim_route as route on route.route_key = booking.route_key
    where booking.confirmed_at is not null
        and booking.created_date between $first_day and $last_day
        and booking.currency = $currency
        and ($route::varchar is null or booking.route_key = $route)
        and ($cabin::varchar is null or booking.cabin = $cabin)
    group by booking.route_key, route.origin_city, route.destination_city
    order by booked_minor desc, booking.route_key
    limit 15
    """,
)

BY_CABIN = Query(
    "revenue_by_cabin",
    """
    select
        cabin,
        fare_class,
        count(*) as coupons,
        sum(fare_minor) as fare_minor,
        sum(distance_km) as distance_km
    from marts.fct_coupon
    where status not in ('void', 'refunded', 'exchanged')
        and cast(issued_at as date) between $first_day and $last_day
        and currency = $currency
        and ($route::varchar is null or route_key = $route)
        and ($cabin::varchar is null or cabin = $cabin)
    group by cabin, fare_class
    order by fare_minor desc, cabin, fare_class
    """,
)
