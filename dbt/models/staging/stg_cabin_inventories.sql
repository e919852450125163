{{ cdc_events(ref('base_change_log'), 'app.cabin_inventories', {
    'id': 'text',
    'flight_id': 'text',
    'cabin': 'text',
    'capacity': 'integer',
    'authorised': 'integer',
    'classes': 'text[]',
    'limits': 'integer[]',
    'held': 'integer[]',
    'sold': 'integer[]',
    'version': 'integer',
    'updated_at': 'timestamptz'
}) }}
