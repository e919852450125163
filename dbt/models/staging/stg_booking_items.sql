{{ cdc_events(ref('base_change_log'), 'app.booking_items', {
    'id': 'text',
    'booking_id': 'text',
    'passenger_id': 'text',
    'segment_id': 'text',
    'kind': 'text',
    'code': 'text',
    'description': 'long_text',
    'amount_minor': 'bigint',
    'currency': 'text',
    'status': 'text',
    'created_at': 'timestamptz',
    'updated_at': 'timestamptz'
}) }}
