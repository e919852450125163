{{ cdc_events(ref('base_change_log'), 'app.fraud_rules', {
    'id': 'text',
    'version': 'integer',
    'title': 'long_text',
    'rule_group': 'text',
    'windows': 'json',
    'weight': 'integer',
    'mode': 'text',
    'effective_from': 'timestamptz',
    'effective_to': 'timestamptz'
}) }}
