{{ cdc_events(ref('base_change_log'), 'app.journal_entries', {
    'id': 'text',
    'transaction_id': 'text',
    'account': 'text',
    'amount_minor': 'bigint',
    'currency': 'text',
    'booking_id': 'text',
    'payment_id': 'text',
    'refund_id': 'text',
    'occurred_at': 'timestamptz',
    'recorded_at': 'timestamptz'
}) }}
