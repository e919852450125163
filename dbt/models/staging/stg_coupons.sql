{{ cdc_events(ref('base_change_log'), 'app.coupons', {
    'id': 'text',
    'ticket_id': 'text',
    'booking_id': 'text',
    'passenger_id': 'text',
    'segment_id': 'text',
    'flight_id': 'text',
    'number': 'integer',
    'status': 'text',
    'fare_minor': 'bigint',
    'tax_minor': 'bigint',
    'currency': 'text',
    'created_at': 'timestamptz',
    'updated_at': 'timestamptz',
    'boarding_outcome': 'text'
}) }}
