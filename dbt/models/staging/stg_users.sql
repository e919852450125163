{{ cdc_events(ref('base_change_log'), 'app.users', {
    'id': 'text',
    'status': 'text',
    'email_hash': 'text',
    'prior_hashes': 'json',
    'marketing_consent': 'boolean',
    'simulated': 'boolean',
    'created_at': 'timestamptz',
    'updated_at': 'timestamptz'
}) }}
