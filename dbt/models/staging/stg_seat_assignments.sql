{{ cdc_events(ref('base_change_log'), 'app.seat_assignments', {
    'id': 'text',
    'booking_id': 'text',
    'passenger_id': 'text',
    'flight_id': 'text',
    'cabin': 'text',
    'seat': 'text',
    'infant_block': 'text',
    'held_until': 'timestamptz',
    'assigned_at': 'timestamptz',
    'released_at': 'timestamptz',
    'release_reason': 'text',
    'updated_at': 'timestamptz'
}) }}
