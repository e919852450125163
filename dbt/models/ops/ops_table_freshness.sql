{% set tables = [
    'aircraft_types',
    'airlines',
    'airports',
    'booking_items',
    'bookings',
    'cabin_inventories',
    'cancellations',
    'coupons',
    'domain_events',
    'fare_products',
    'flight_outcomes',
    'flights',
    'fraud_rules',
    'fraud_signals',
    'fx_rates',
    'journal_entries',
    'notification_deliveries',
    'passengers',
    'payments',
    'refunds',
    'routes',
    'schedules',
    'search_events',
    'seat_assignments',
    'seat_holds',
    'segments',
    'tickets',
    'users'
] %}

with live_rows as (
    {% for table in tables %}
        select
            '{{ table }}' as table_name,
            count(*) as row_count
        from {{ ref('int_' ~ table ~ '_current') }}
        where not is_deleted
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

loads as (
    select
        replace(replace(topic, 'contrail.app.', ''), 'contrail.live.', '') as table_name,
        sum(row_count) as event_count,
        max(max_source_ts) as max_source_ts,
        max(loaded_at) as max_loaded_at
    from {{ ref('base_load_manifest') }}
    group by replace(replace(topic, 'contrail.app.', ''), 'contrail.live.', '')
),

described as (
    select
        live_rows.table_name,
        cast(live_rows.row_count as bigint) as row_count,
        cast(coalesce(loads.event_count, 0) as bigint) as event_count,
        loads.max_source_ts,
        loads.max_loaded_at
    from live_rows
    left join loads on live_rows.table_name = loads.table_name
)

select * from described
