with days as (
    {{ days_between(var('calendar_from'), var('calendar_to')) }}
),

described as (
    select
        date_day,
        cast(extract(year from date_day) as integer) as year,
        cast(extract(quarter from date_day) as integer) as quarter,
        cast(extract(month from date_day) as integer) as month,
        cast(extract(day from date_day) as integer) as day_of_month,
        cast(extract(week from date_day) as integer) as iso_week,
        cast(extract(isodow from date_day) as integer) as iso_weekday,
        extract(isodow from date_day) >= 6 as is_weekend
    from days
)

select * from described
