{{ cdc_events(ref('base_change_log'), 'app.refunds', {
    'id': 'text',
    'payment_id': 'text',
    'booking_id': 'text',
    'cancellation_id': 'text',
    'amount_minor': 'bigint',
    'currency': 'text',
    'status': 'text',
    'reason': 'text',
    'provider_reference': 'text',
    'created_at': 'timestamptz',
    'attempted_at': 'timestamptz',
    'done_at': 'timestamptz',
    'updated_at': 'timestamptz',
    'travel_credit_id': 'text'
}) }}
