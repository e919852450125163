{{ cdc_events(ref('base_change_log'), 'app.domain_events', {
    'id': 'text',
    'type': 'text',
    'entity_type': 'text',
    'entity_id': 'text',
    'booking_id': 'text',
    'subject_id': 'text',
    'actor_id': 'text',
    'payload': 'json',
    'occurred_at': 'timestamptz',
    'recorded_at': 'timestamptz',
    'request_id': 'text',
    'simulated': 'boolean'
}) }}
