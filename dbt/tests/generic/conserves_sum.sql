{% test conserves_sum(model, column, other, other_expression) %}

with here as (
    select coalesce(sum({{ column }}), 0) as total
    from {{ model }}
),

there as (
    select coalesce(sum({{ other_expression }}), 0) as total
    from {{ other }}
)

select
    here.total as total_here,
    there.total as total_there
from here
cross join there
where here.total <> there.total

{% endtest %}
