{{ cdc_events(ref('base_change_log'), 'app.segments', {
    'id': 'text',
    'booking_id': 'text',
    'flight_id': 'text',
    'slice_number': 'integer',
    'segment_number': 'integer',
    'cabin': 'text',
    'fare_class': 'text',
    'fare_product_id': 'text',
    'status': 'text',
    'created_at': 'timestamptz',
    'updated_at': 'timestamptz'
}) }}
