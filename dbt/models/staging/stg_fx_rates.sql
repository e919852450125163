{{ cdc_events(ref('base_change_log'), 'app.fx_rates', {
    'rate_date': 'date',
    'currency': 'text',
    'rate': 'numeric(18, 8)',
    'source': 'text'
}) }}
