{{ cdc_events(ref('base_change_log'), 'app.fare_products', {
    'id': 'text',
    'brand': 'text',
    'cabin': 'text',
    'fare_class': 'text',
    'fare_basis': 'text',
    'multiplier': 'numeric(6, 3)',
    'advance_purchase_days': 'integer',
    'refund_allowed': 'boolean',
    'refund_penalty_minor': 'bigint',
    'change_allowed': 'boolean',
    'change_penalty_minor': 'bigint',
    'currency': 'text',
    'valid_from': 'date',
    'valid_to': 'date',
    'minimum_stay_days': 'integer'
}) }}
