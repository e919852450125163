{{ cdc_events(ref('base_change_log'), 'app.flight_outcomes', {
    'flight_id': 'text',
    'kind': 'text',
    'departure_delay_minutes': 'integer',
    'arrival_delay_minutes': 'integer',
    'known_at': 'timestamptz',
    'applied_at': 'timestamptz'
}) }}
