{{ cdc_events(ref('base_change_log'), 'app.airports', {
    'code': 'text',
    'name': 'text',
    'city': 'text',
    'country': 'text',
    'latitude': 'double precision',
    'longitude': 'double precision',
    'zone': 'text',
    'simulated': 'boolean'
}) }}
