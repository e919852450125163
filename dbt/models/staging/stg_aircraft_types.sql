{{ cdc_events(ref('base_change_log'), 'app.aircraft_types', {
    'code': 'text',
    'manufacturer': 'text',
    'model': 'text',
    'seats': 'integer',
    'cabins': 'json'
}) }}
