{{ cdc_events(ref('base_change_log'), 'app.seat_holds', {
    'id': 'text',
    'booking_id': 'text',
    'flight_id': 'text',
    'cabin': 'text',
    'fare_class': 'text',
    'seats': 'integer',
    'created_at': 'timestamptz',
    'expires_at': 'timestamptz',
    'released_at': 'timestamptz',
    'outcome': 'text'
}) }}
