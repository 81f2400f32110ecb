{# What was found; what is new since the last release stands first, for a person has to look at that. #}
with changed as (

    select
        indicator_id,
        area_id,
        year,
        sex
    from {{ ref('revision') }}
    where new_value is not null

)

select
    found.indicator_id,
    found.area_id,
    found.year,
    found.sex,
    found.value,
    found.rule,
    found.expected_low,
    found.expected_high,
    changed.indicator_id is not null as is_new
from {{ ref('int_plausibility__found') }} as found
left join changed
    on
        found.indicator_id = changed.indicator_id
        and found.area_id = changed.area_id
        and found.year = changed.year
        and found.sex = changed.sex
order by is_new desc, found.indicator_id asc, found.area_id asc, found.sex asc, found.year asc, found.rule asc
