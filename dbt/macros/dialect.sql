{#- The only places where Postgres and DuckDB are spoken to differently. -#}

{% macro json_text(document, name) -%}
    {{ return(adapter.dispatch('json_text')(document, name)) }}
{%- endmacro %}

{% macro default__json_text(document, name) -%}
    ({{ document }} ->> '{{ name }}')
{%- endmacro %}

{% macro duckdb__json_text(document, name) -%}
    json_extract_string({{ document }}, '$.{{ name }}')
{%- endmacro %}


{#- One text key out of several expressions; null and the empty text stay apart. -#}
{% macro hash_key(expressions) -%}
    {{ return(adapter.dispatch('hash_key')(expressions)) }}
{%- endmacro %}

{% macro default__hash_key(expressions) -%}
    md5(concat_ws('|',
        {%- for expression in expressions %}
        coalesce(cast({{ expression }} as text), '~'){{ ',' if not loop.last }}
        {%- endfor %}
    ))
{%- endmacro %}


{#- Read what the connector wrote as text: ISO dates and times end in Z, arrays are JSON arrays.
    A value that does not fit cannot get here: the contract of landed files holds its file back. -#}
{% macro safe_cast(text, type) -%}
    {{ return(adapter.dispatch('safe_cast')(text, type)) }}
{%- endmacro %}

{% macro default__safe_cast(text, type) -%}
    {%- if type == 'text' -%} {{ text }}
    {%- elif type.endswith('[]') -%} cast(translate({{ text }}, '[]', '{}') as {{ type }})
    {%- elif type == 'json' -%} cast({{ text }} as jsonb)
    {%- else -%} cast({{ text }} as {{ type }})
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__safe_cast(text, type) -%}
    {%- if type == 'text' -%} {{ text }}
    {%- elif type.endswith('[]') -%} cast(cast({{ text }} as json) as {{ type }})
    {%- elif type == 'date' -%} cast(left({{ text }}, 10) as date)
    {%- elif type == 'time' -%} cast(rtrim({{ text }}, 'Z') as time)
    {%- elif type == 'timestamp' -%} cast(rtrim({{ text }}, 'Z') as timestamp)
    {%- else -%} cast({{ text }} as {{ type }})
    {%- endif -%}
{%- endmacro %}


{#- Every day from one date to another, both included, as column date_day. -#}
{% macro days_between(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_between')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    select cast(each_day as date) as date_day
    from generate_series(
        cast('{{ first_day }}' as timestamp), cast('{{ last_day }}' as timestamp), interval '1 day'
    ) as days (each_day)
{%- endmacro %}

{% macro duckdb__days_between(first_day, last_day) -%}
    select cast(each_day as date) as date_day
    from generate_series(date '{{ first_day }}', date '{{ last_day }}', interval '1 day') as days (each_day)
{%- endmacro %}
