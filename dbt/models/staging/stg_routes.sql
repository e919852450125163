{{ cdc_events(ref('base_change_log'), 'app.routes', {
    'id': 'text',
    'origin': 'text',
    'destination': 'text',
    'distance_km': 'integer',
    'simulated': 'boolean'
}) }}
