"""What the checks ask of the core, the lake and the published marts: one statement each."""

DEPARTURES = "select count(*) from app.flights where departure_date between %(first)s and %(last)s"

ACKNOWLEDGED = """
    select count(*), count(confirmed_at)
    from app.bookings
    where id = any(%(ids)s)
"""

# Seats by what was sold, not by what was counted: live segments of paid bookings times those who sit and
# have not given their coupon back.
_SOLD_ROWS = """
    select s.flight_id, s.cabin, s.fare_class, count(*) as seats
    from app.segments as s
    join app.bookings as b on b.id = s.booking_id
    join app.passengers as p on p.booking_id = b.id and p.type <> 'infant'
    where s.status = 'live' and b.status in ('confirmed', 'ticketed')
        and not exists (
            select 1
            from app.coupons as c
            where c.segment_id = s.id and c.passenger_id = p.id
                and c.status in ('void', 'refunded', 'exchanged')
        )
    group by s.flight_id, s.cabin, s.fare_class
"""
_HELD_ROWS = """
    select flight_id, cabin, fare_class, sum(seats) as seats
    from app.seat_holds
    where released_at is null
    group by flight_id, cabin, fare_class
"""
_COUNTERS = """
    select c.flight_id, c.cabin, k.fare_class, k.sold, k.held
    from app.cabin_inventories as c
    cross join lateral unnest(c.classes, c.sold, c.held) as k (fare_class, sold, held)
    where k.sold <> 0 or k.held <> 0
"""

SOLD_DIFFERS = f"""
    select count(*)
    from ({_SOLD_ROWS}) as r
    full join ({_COUNTERS}) as k
        on k.flight_id = r.flight_id and k.cabin = r.cabin and k.fare_class = r.fare_class
    where coalesce(r.seats, 0) <> coalesce(k.sold, 0)
"""

HELD_DIFFERS = f"""
    select count(*)
    from ({_HELD_ROWS}) as r
    full join ({_COUNTERS}) as k
        on k.flight_id = r.flight_id and k.cabin = r.cabin and k.fare_class = r.fare_class
    where coalesce(r.seats, 0) <> coalesce(k.held, 0)
"""

OVERSOLD = f"""
    with sold as (
        select flight_id, cabin, sum(seats) as seats from ({_SOLD_ROWS}) as r group by flight_id, cabin
    ),

    held as (
        select flight_id, cabin, sum(seats) as seats from ({_HELD_ROWS}) as r group by flight_id, cabin
    )

    select count(*)
    from app.cabin_inventories as c
    left join sold on sold.flight_id = c.flight_id and sold.cabin = c.cabin
    left join held on held.flight_id = c.flight_id and held.cabin = c.cabin
    where coalesce(sold.seats, 0) + coalesce(held.seats, 0) > c.authorised
        or (select sum(seats) from unnest(c.held || c.sold) as seats) > c.authorised
"""

AVAILABILITY_DIFFERS = """
    select count(*)
    from app.cabin_inventories as c
    full join live.availability as a on a.flight_id = c.flight_id and a.cabin = c.cabin
    where (c.id, c.capacity, c.authorised, c.limits, c.held, c.sold, app.seats_open(c.limits, c.held, c.sold))
        is distinct from
        (a.cabin_inventory_id, a.capacity, a.authorised, a.limits, a.held, a.sold, a.seats_open)
"""

AVAILABILITY_LATENCY = """
    select
        percentile_cont(0.99) within group (order by extract(epoch from written_at - source_ts) * 1000),
        count(*)
    from live.availability
    where not is_snapshot and source_ts >= %(first)s
"""

KAFKA_LATENCY = """
    select quantile_cont((epoch_us(kafka_ts) - epoch_us(source_ts)) / 1000.0, 0.99), count(*)
    from read_parquet(?)
    where not is_snapshot and source_ts between ? and ?
"""

NOTIFICATIONS = """
    select e.id, r.request_id
    from app.domain_events as e
    left join live.notification_requests as r on r.event_id = e.id
    where e.type = any(%(notified)s)
"""

# Everything by which the rules could know the people behind some bookings.
_KEYS = """
    select key from app.bookings as b
    cross join lateral unnest(array[b.email_hash, b.device_hash, b.ip_hash, b.user_id::text]) as key
    where b.id = any(%(ids)s) and key is not null
    union
    select p.card_hash from app.payments as p where p.booking_id = any(%(ids)s) and p.card_hash is not null
"""

SIGNALS_ON_BOOKINGS = f"""
    select rule_id, raised_at
    from live.fraud_signals
    where entity_key in ({_KEYS})
    order by raised_at
"""

BOOKINGS_BEFORE_SIGNAL = f"""
    with first as (select min(raised_at) as at from live.fraud_signals where entity_key in ({_KEYS}))

    select first.at, count(b.id)
    from first
    left join app.bookings as b on b.id = any(%(ids)s) and b.created_at < first.at
    group by first.at
"""

OTHER_SIGNALS = f"select count(*) from live.fraud_signals where entity_key not in ({_KEYS})"

ORDINARY_TRAVELLERS = """
    select count(*)
    from app.users as u
    where u.simulated
        and u.id not in (select user_id from app.bookings where id = any(%(ids)s) and user_id is not null)
"""

MONEY_DIFFERS = """
    with paid as (
        select booking_id, currency, sum(amount_minor) as amount
        from app.payments
        where captured_at is not null and status <> 'voided'
        group by booking_id, currency
    ),

    refunded as (
        select booking_id, currency, sum(amount_minor) as amount
        from app.refunds
        where status = 'done'
        group by booking_id, currency
    ),

    owed as (
        select booking_id, currency, sum(amount_minor) as amount
        from app.booking_items
        where status = 'live'
        group by booking_id, currency
    ),

    balances as (
        select
            b.id,
            coalesce(paid.amount, 0) - coalesce(refunded.amount, 0) - coalesce(owed.amount, 0) as difference
        from app.bookings as b
        left join paid on paid.booking_id = b.id
        left join refunded on refunded.booking_id = b.id and refunded.currency = paid.currency
        left join owed on owed.booking_id = b.id and owed.currency = coalesce(paid.currency, b.currency)
        where b.status <> 'held'
    )

    select count(*) filter (where difference <> 0), count(*) from balances
"""

JOURNAL = "select currency, sum(amount_minor), count(*) from app.journal_entries group by currency"

RECONCILIATION = """
    select table_name, checked_at, missing, extra, different from ops.ops_reconciliation
"""
