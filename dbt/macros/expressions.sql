{#- The day of a moment, in UTC. -#}
{% macro utc_date(moment) -%}
    cast({{ moment }} at time zone 'UTC' as date)
{%- endmacro %}


{#- The total of an integer array; cabins count by fare class. -#}
{% macro array_total(numbers) -%}
    cast((select coalesce(sum(each.n), 0) from unnest({{ numbers }}) as each (n)) as integer)
{%- endmacro %}


{#- Rows last changed up to this moment of the source are complete across all tables: the newest clean
    comparison proved it. Later ones may still miss a part that travels on another topic. -#}
{% macro complete_until() -%}
    (select coalesce(max(snapshot_at), cast('infinity' as timestamptz)) from {{ ref('base_reconciliation') }} where is_ok)
{%- endmacro %}
