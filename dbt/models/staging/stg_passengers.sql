{{ cdc_events(ref('base_change_log'), 'app.passengers', {
    'id': 'text',
    'booking_id': 'text',
    'subject_id': 'text',
    'type': 'text',
    'created_at': 'timestamptz'
}) }}
