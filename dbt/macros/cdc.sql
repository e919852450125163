{#- How a change log becomes rows. An LSN is no event identity (the rows of one COPY share one) and
    Debezium delivers at least once, so an event is (src_table, pk, lsn, op); inside a key LSN order is
    right, and a snapshot row comes before a change at the same LSN.

    A filter on pk passes through the windows here, because pk is in each partition: that is what makes
    the incremental models cheap. -#}

{% macro unavailable_values() -%}
    ('__debezium_unavailable_value', '["__debezium_unavailable_value"]')
{%- endmacro %}


{#- One row per event of one source table: copies dropped, columns typed, a wide value that an update
    left untouched filled from the key's newest earlier event that carries it. `columns` is
    {name: type}; type `long_text`, `json` and arrays of text may be stored out of line. -#}
{% macro cdc_events(relation, src_table, columns) -%}
with arrivals as (
    select
        pk,
        op,
        lsn,
        tx_id,
        is_snapshot,
        source_ts,
        load_id,
        case when op = 'd' then before else after end as image,
        row_number() over (partition by pk, lsn, op order by load_id) as copy_number
    from {{ relation }}
    where src_table = '{{ src_table }}'
),

events as (
    select
        pk,
        op,
        lsn,
        tx_id,
        is_snapshot,
        source_ts,
        load_id,
        op = 'd' as is_deleted,
        {%- for name, type in columns.items() %}
        {{ safe_cast(cdc_value(relation, src_table, name, type), 'text' if type == 'long_text' else type) }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from arrivals
    where copy_number = 1
)

select
    *,
    {{ hash_key(columns.keys() | list) }} as row_hash
from events
{%- endmacro %}


{% macro cdc_value(relation, src_table, name, type) -%}
    {%- set value = json_text('arrivals.image', name) -%}
    {%- if type in ('long_text', 'json', 'text[]') -%}
        case
            when {{ value }} in {{ unavailable_values() }} then (
                select {{ json_text('earlier.after', name) }}
                from {{ relation }} as earlier
                where earlier.src_table = '{{ src_table }}'
                    and earlier.pk = arrivals.pk
                    and earlier.lsn < arrivals.lsn
                    and earlier.op <> 'd'
                    and coalesce({{ json_text('earlier.after', name) }}, '') not in {{ unavailable_values() }}
                order by earlier.lsn desc
                limit 1
            )
            else {{ value }}
        end
    {%- else -%}
        {{ value }}
    {%- endif -%}
{%- endmacro %}


{#- The keys with events that the model has not folded in yet. Any copy counts, so a key is looked at
    once for each arrival and the watermark moves past duplicates too. -#}
{% macro cdc_touched(log, src_table) -%}
    select
        pk,
        max(load_id) as last_load_id
    from {{ log }}
    where src_table = '{{ src_table }}'
        {%- if is_incremental() %}
        and load_id > (select coalesce(max(last_load_id), 0) from {{ this }})
        {%- endif %}
    group by pk
{%- endmacro %}


{#- The last version of each key; deleted keys stay, flagged. -#}
{% macro cdc_current(log, events, src_table) -%}
with touched as (
    {{ cdc_touched(log, src_table) }}
),

latest as (
    select distinct on (pk) *
    from {{ events }}
    {%- if is_incremental() %}
    where pk = any(array(select touched.pk from touched))
    {%- endif %}
    order by pk, lsn desc, is_snapshot, load_id desc
)

select
    latest.*,
    touched.last_load_id
from latest
inner join touched on latest.pk = touched.pk
{%- endmacro %}


{#- Every version of each key with the time it was true (SCD2): one version per transaction, and none
    that equals the one before it (a retried snapshot publishes a row again at another LSN). -#}
{% macro cdc_history(log, events, src_table) -%}
with touched as (
    {{ cdc_touched(log, src_table) }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by pk, is_snapshot, coalesce(case when not is_snapshot then tx_id end, lsn)
            order by lsn desc, load_id desc
        ) as nth_from_last
    from {{ events }}
    {%- if is_incremental() %}
    where pk = any(array(select touched.pk from touched))
    {%- endif %}
),

compared as (
    select
        *,
        lag(row_hash) over (partition by pk order by lsn, is_snapshot desc, load_id) as previous_hash,
        lag(is_deleted) over (partition by pk order by lsn, is_snapshot desc, load_id) as previous_is_deleted
    from numbered
    where nth_from_last = 1
),

spanned as (
    select
        *,
        source_ts as valid_from,
        lead(source_ts) over (partition by pk order by lsn, is_snapshot desc, load_id) as valid_to
    from compared
    where previous_hash is distinct from row_hash
        or previous_is_deleted is distinct from is_deleted
)

select
    spanned.*,
    {{ hash_key(['spanned.pk', 'spanned.lsn', 'spanned.is_snapshot']) }} as version_id,
    spanned.valid_to is null as is_current,
    touched.last_load_id
from spanned
inner join touched on spanned.pk = touched.pk
where not spanned.is_deleted
{%- endmacro %}
