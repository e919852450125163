with signals as (
    select * from {{ ref('int_fraud_signals_current') }}
    where not is_deleted
),

described as (
    select
        signal_id,
        rule_id,
        rule_version,
        rule_group,
        entity_kind,
        entity_key,
        mode,
        weight,
        cast(observed as double precision) as observed,
        cast(threshold as double precision) as threshold,
        reason,
        event_count,
        window_start,
        window_end,
        raised_at,
        {{ utc_date('raised_at') }} as raised_date,
        last_event_at
    from signals
)

select * from described
