{% test sequential_no_overlap(model, key, starts, ends) %}

with spans as (
    select
        {{ key }},
        {{ starts }},
        {{ ends }},
        lead({{ starts }}) over (partition by {{ key }} order by {{ starts }}, {{ ends }} nulls last) as next_start
    from {{ model }}
)

select *
from spans
where {{ ends }} < {{ starts }}
    or {{ ends }} > next_start
    or ({{ ends }} is null and next_start is not null)

{% endtest %}
