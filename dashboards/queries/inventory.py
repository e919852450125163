"""Owns the statements of the Inventory page."""

from dashboards.queries.query import Query

ROUTES = Query(
    "inventory_routes",
    """
    select route.route_key, route.origin_city, route.destination_city
    from marts.dim_route as route
    where route.route_key in (select route_key from marts.fct_departure_cabin)
    order by route.route_key
    """,
)

DAYS = Query(
    "inventory_days",
    """
    select distinct departure_date from marts.fct_departure_cabin order by departure_date
    """,
)

TOTALS = Query(
    "inventory_totals",
    """
    select
        count(distinct flight_id) as departures,
        coalesce(sum(authorised), 0) as authorised,
        coalesce(sum(sold), 0) as sold,
        coalesce(sum(authorised - held - sold), 0) as seats_open,
        coalesce(sum(rpk_km), 0) as rpk_km,
        coalesce(sum(ask_km), 0) as ask_km,
        coalesce(sum(ask_km) filter (
            where flight_id in (select flight_id from marts.fct_departure_cabin where sold > 0)
        ), 0) as ask_on_sale_km
    from marts.fct_departure_cabin
    where flight_status <> 'cancelled'
        and ($route::varchar is null or route_key = $route)
        and ($day::date is null or departure_date = $day)
    """,
)

BY_DAY = Query(
    "inventory_by_day",
    """
    select
        departure_date,
        count(distinct flight_id) as departures,
        sum(authorised) as authorised,
        sum(held) as held,
        sum(sold) as sold,
        sum(rpk_km) as rpk_km,
        sum(ask_km) as ask_km
    from marts.fct_departure_cabin
    where flight_status <> 'cancelled'
        and flight_id in (select flight_id from marts.fct_departure_cabin where sold > 0)
        and ($route::varchar is null or route_key = $route)
        and ($day::date is null or departure_date = $day)
    group by departure_date
    order by departure_date
    """,
)

BY_DEPARTURE = Query(
    "inventory_by_departure",
    """
    select
        airline || flight_number as flight,
        route_key,
        departure_date,
        departs_at,
        flight_status,
        sum(capacity) as capacity,
        sum(authorised) as authorised,
        sum(held) as held,
        sum(sold) as sold,
        sum(authorised - held - sold) as seats_open,
        sum(rpk_km) as rpk_km,
        sum(ask_km) as ask_km
    from marts.fct_departure_cabin
    where flight_status <> 'cancelled'
        and ($route::varchar is null or route_key = $route)
        and ($day::date is null or departure_date = $day)
    group by flight_id, airline, flight_number, route_key, departure_date, departs_at, flight_status
    order by sold desc, departs_at, flight
    limit 200
    """,
)
