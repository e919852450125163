{{ cdc_events(ref('base_change_log'), 'app.notification_deliveries', {
    'request_id': 'text',
    'event_id': 'text',
    'booking_id': 'text',
    'subject_id': 'text',
    'channel': 'text',
    'template': 'text',
    'status': 'text',
    'attempts': 'integer',
    'claimed_until': 'timestamptz',
    'message_id': 'text',
    'last_error': 'long_text',
    'sent_at': 'timestamptz',
    'created_at': 'timestamptz',
    'updated_at': 'timestamptz'
}) }}
