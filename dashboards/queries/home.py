"""Owns the statements of the Home page."""

from dashboards.queries.query import Query

BOOKINGS = Query(
    "home_bookings",
    """
    select
        count(*) as bookings,
        coalesce(sum(live_items_minor + penalties_minor), 0) as booked_minor
    from marts.fct_booking
    where confirmed_at is not null
        and created_at > $starts_at
        and created_at <= $ends_at
        and currency = $currency
    """,
)

PAYMENTS = Query(
    "home_payments",
    """
    select
        coalesce(sum(amount_minor), 0) as captured_minor,
        coalesce(sum(refunded_minor), 0) as refunded_minor
    from marts.fct_payment_attempt
    where captured_at > $starts_at
        and captured_at <= $ends_at
        and currency = $currency
    """,
)

LOAD = Query(
    "home_load",
    """
    select
        coalesce(sum(rpk_km), 0) as rpk_km,
        coalesce(sum(ask_km), 0) as ask_km
    from marts.fct_departure_cabin
    where departs_at > $starts_at
        and departs_at <= $ends_at
        and flight_status <> 'cancelled'
        and flight_id in (select flight_id from marts.fct_departure_cabin where sold > 0)
    """,
)

SIGNALS = Query(
    "home_signals",
    """
    select count(*) as signals
    from marts.fct_fraud_signal
    where mode <> 'shadow'
        and last_event_at > $starts_at
        and last_event_at <= $ends_at
    """,
)

TREND = Query(
    "home_trend",
    """
    with days as (
        select date_day from marts.dim_date where date_day between $first_day and $last_day
    ),
    bookings as (
        select
            created_date as date_day,
            count(*) as bookings,
            sum(live_items_minor + penalties_minor) as booked_minor
        from marts.fct_booking
        where confirmed_at is not null and currency = $currency
        group by created_date
    ),
    payments as (
        select
            cast(captured_at as date) as date_day,
            sum(amount_minor) as captured_minor,
            sum(refunded_minor) as refunded_minor
        from marts.fct_payment_attempt
        where captured_at is not null and currency = $currency
        group by cast(captured_at as date)
    ),
    load as (
        select departure_date as date_day, sum(rpk_km) as rpk_km, sum(ask_km) as ask_km
        from marts.fct_departure_cabin
        where flight_status <> 'cancelled'
            and flight_id in (select flight_id from marts.fct_departure_cabin where sold > 0)
        group by departure_date
    ),
    signals as (
        select cast(last_event_at as date) as date_day, count(*) as signals
        from marts.fct_fraud_signal
        where mode <> 'shadow'
        group by cast(last_event_at as date)
    )
    select
        days.date_day,
        coalesce(bookings.bookings, 0) as bookings,
        coalesce(bookings.booked_minor, 0) as booked_minor,
        coalesce(payments.captured_minor, 0) as captured_minor,
        coalesce(payments.refunded_minor, 0) as refunded_minor,
        coalesce(load.rpk_km, 0) as rpk_km,
        coalesce(load.ask_km, 0) as ask_km,
        coalesce(signals.signals, 0) as signals
    from days
    left join bookings on bookings.date_day = days.date_day
    left join payments on payments.date_day = days.date_day
    left join load on load.date_day = days.date_day
    left join signals on signals.date_day = days.date_day
    order by days.date_day
    """,
)
