{{ cdc_events(ref('base_change_log'), 'app.schedules', {
    'id': 'text',
    'airline': 'text',
    'flight_number': 'text',
    'origin': 'text',
    'destination': 'text',
    'weekday': 'integer',
    'departs_local': 'time',
    'arrives_local': 'time',
    'arrives_day_offset': 'integer',
    'valid_from': 'date',
    'valid_to': 'date',
    'aircraft_type': 'text',
    'simulated': 'boolean',
    'version': 'integer',
    'updated_at': 'timestamptz'
}) }}
