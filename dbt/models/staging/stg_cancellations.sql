{{ cdc_events(ref('base_change_log'), 'app.cancellations', {
    'id': 'text',
    'booking_id': 'text',
    'status': 'text',
    'penalty_minor': 'bigint',
    'refund_minor': 'bigint',
    'currency': 'text',
    'quoted_at': 'timestamptz',
    'expires_at': 'timestamptz',
    'confirmed_at': 'timestamptz',
    'is_whole': 'boolean',
    'is_void': 'boolean'
}) }}
