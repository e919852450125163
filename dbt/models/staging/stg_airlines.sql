{{ cdc_events(ref('base_change_log'), 'app.airlines', {
    'code': 'text',
    'name': 'text',
    'simulated': 'boolean'
}) }}
