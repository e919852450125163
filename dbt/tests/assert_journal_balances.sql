{{ config(meta={'dagster': {'ref': {'name': 'int_journal_entries_current'}}}) }}

-- Double entry: every transaction sums to zero per currency.
select
    transaction_id,
    currency,
    sum(amount_minor) as remainder
from {{ ref('int_journal_entries_current') }}
where not is_deleted
group by transaction_id, currency
having
    sum(amount_minor) <> 0
    and max(source_ts) <= {{ complete_until() }}
