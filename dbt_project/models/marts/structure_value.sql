{#
  What each municipality is like each year: every declared variable, less its mean over the municipalities of the year,
  in standard deviations. Only municipalities and years in which all variables are known.
#}
with variables as (

    select * from {{ ref('stg_declared__structure_variable') }}

),

measures as (

    select * from {{ ref('int_measure__valued') }}
    where known_to is null and value is not null and caution is null and sex = 'T'

),

told as (

    select
        variables.recipe_version,
        variables.neighbours,
        variables.measure_id,
        variables.per_measure_id,
        variables.weight,
        own.area_id,
        own.year,
        case
            when variables.is_log then ln(own.value / coalesce(per.value, 1))
            else own.value / coalesce(per.value, 1)
        end as value
    from variables
    inner join measures as own on variables.measure_id = own.measure_id
    inner join {{ ref('area') }} as area on own.area_id = area.area_id and area.area_type = 'municipality'
    left join measures as per
        on variables.per_measure_id = per.measure_id and own.area_id = per.area_id and own.year = per.year
    where
        (variables.per_measure_id is null or per.value > 0)
        and (not variables.is_log or own.value > 0)

),

complete as (

    select
        area_id,
        year
    from told
    group by area_id, year
    having count(*) = (select count(*) from variables)

),

kept as (

    select told.*
    from told
    inner join complete on told.area_id = complete.area_id and told.year = complete.year

),

means as (

    select
        measure_id,
        per_measure_id,
        year,
        {{ exact_mean('value') }} as mean_value,
        max(abs(value)) as largest
    from kept
    group by measure_id, per_measure_id, year

),

spreads as (

    select
        kept.measure_id,
        kept.per_measure_id,
        kept.year,
        means.mean_value,
        {{ exact_deviation('kept.value', 'means.mean_value', 'means.largest') }} as deviation
    from kept
    inner join means
        on
            kept.measure_id = means.measure_id
            and kept.per_measure_id is not distinct from means.per_measure_id
            and kept.year = means.year
    group by kept.measure_id, kept.per_measure_id, kept.year, means.mean_value, means.largest

)

select
    kept.recipe_version,
    kept.neighbours,
    kept.area_id,
    kept.year,
    kept.measure_id,
    kept.per_measure_id,
    kept.weight,
    kept.value,
    (kept.value - spreads.mean_value) / nullif(spreads.deviation, 0) as standardised
from kept
inner join spreads
    on
        kept.measure_id = spreads.measure_id
        and kept.per_measure_id is not distinct from spreads.per_measure_id
        and kept.year = spreads.year
order by kept.area_id, kept.year, kept.measure_id, kept.per_measure_id
