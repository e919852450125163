with payments as (
    select * from {{ ref('int_payments_current') }}
    where not is_deleted
),

described as (
    select
        id as payment_id,
        booking_id,
        gateway,
        status,
        amount_minor,
        refunded_minor,
        currency,
        decline_code,
        fraud_decision,
        fraud_score,
        card_country,
        card_brand,
        created_at,
        {{ utc_date('created_at') }} as created_date,
        captured_at,
        simulated as is_simulated,
        request_id
    from payments
)

select * from described
