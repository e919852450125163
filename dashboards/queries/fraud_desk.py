"""Owns the statements of the Fraud desk: LIVE_ ones read the core, the others the published marts."""

from dashboards.queries.query import Query

SIGNAL_HISTORY = Query(
    "fraud_signal_history",
    """
    select raised_date, rule_id, count(*) as signals
    from marts.fct_fraud_signal
    where raised_date between $first_day and $last_day
    group by raised_date, rule_id
    order by raised_date, rule_id
    """,
)

RECENT_SIGNALS = Query(
    "fraud_recent_signals",
    """
    select
        raised_at,
        rule_id,
        mode,
        entity_kind,
        entity_key,
        observed,
        threshold,
        reason,
        event_count,
        window_start,
        window_end
    from marts.fct_fraud_signal
    where raised_date between $first_day and $last_day
    order by raised_at desc, signal_id
    limit 100
    """,
)

DECISIONS = Query(
    "fraud_decisions",
    """
    select
        created_date,
        fraud_decision,
        count(*) as payments,
        count(*) filter (where status = 'failed') as failed,
        sum(amount_minor) as amount_minor,
        currency
    from marts.fct_payment_attempt
    where created_date between $first_day and $last_day
    group by created_date, fraud_decision, currency
    order by created_date, fraud_decision, currency
    """,
)

STOPPED = Query(
    "fraud_stopped",
    """
    select
        count(*) as payments,
        count(*) filter (where fraud_decision <> 'allow') as stopped
    from marts.fct_payment_attempt
    where created_at > $starts_at and created_at <= $ends_at
    """,
)

LIVE_SIGNALS = Query(
    "live_signals",
    """
    select
        raised_at,
        rule_id,
        mode,
        weight,
        entity_kind,
        entity_key,
        observed,
        threshold,
        reason,
        event_count,
        last_event_at,
        extract(epoch from raised_at - last_commit_at) as delay_seconds
    from live.fraud_signals
    where last_event_at > now() - interval '24 hours'
    order by raised_at desc, signal_id
    limit 200
    """,
)

LIVE_SCORES = Query(
    "live_scores",
    """
    select entity_kind, entity_key, score, reasons, valid_from, valid_until
    from live.fraud_scores
    where valid_until > now() and score > 0
    order by score desc, updated_at desc, entity_key
    limit 200
    """,
)

LIVE_COUNTS = Query(
    "live_counts",
    """
    select
        now() as read_at,
        (
            select count(*) from live.fraud_signals
            where mode <> 'shadow' and last_event_at > now() - interval '24 hours'
        ) as open_signals,
        (
            select count(*) from live.fraud_scores where score >= %(review_score)s and valid_until > now()
        ) as entities_at_review
    """,
)
