{{ cdc_events(ref('base_change_log'), 'app.tickets', {
    'id': 'text',
    'number': 'text',
    'booking_id': 'text',
    'passenger_id': 'text',
    'status': 'text',
    'issued_at': 'timestamptz',
    'updated_at': 'timestamptz'
}) }}
