{#
  What each municipality is like each year, by each standard set (recipe): every variable, less its mean over the
  municipalities of the year, in standard deviations. Only municipalities and years in which all variables of the recipe
  are known. The same arithmetic with variables and weights by choice: pipelines/reading/similar_sql.py.
#}
with variables as (

    select * from {{ ref('stg_declared__structure_variable') }}

),

sizes as (

    select
        recipe_id,
        count(*) as n
    from variables
    group by recipe_id

),

measures as (

    select * from {{ ref('int_measure__valued') }}
    where known_to is null and value is not null and caution is null and sex = 'T'

),

told as (

    select
        variables.recipe_id,
        variables.variable,
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
        told.recipe_id,
        told.area_id,
        told.year
    from told
    inner join sizes on told.recipe_id = sizes.recipe_id
    group by told.recipe_id, told.area_id, told.year, sizes.n
    having count(*) = sizes.n

),

kept as (

    select told.*
    from told
    inner join complete
        on
            told.recipe_id = complete.recipe_id
            and told.area_id = complete.area_id
            and told.year = complete.year

),

means as (

    select
        recipe_id,
        variable,
        year,
        {{ exact_mean('value') }} as mean_value,
        max(abs(value)) as largest
    from kept
    group by recipe_id, variable, year

),

spreads as (

    select
        kept.recipe_id,
        kept.variable,
        kept.year,
        means.mean_value,
        {{ exact_deviation('kept.value', 'means.mean_value', 'means.largest') }} as deviation
    from kept
    inner join means
        on
            kept.recipe_id = means.recipe_id
            and kept.variable = means.variable
            and kept.year = means.year
    group by kept.recipe_id, kept.variable, kept.year, means.mean_value, means.largest

)

select
    kept.recipe_id,
    kept.area_id,
    kept.year,
    kept.variable,
    kept.measure_id,
    kept.per_measure_id,
    kept.weight,
    kept.value,
    (kept.value - spreads.mean_value) / nullif(spreads.deviation, 0) as standardised
from kept
inner join spreads
    on
        kept.recipe_id = spreads.recipe_id
        and kept.variable = spreads.variable
        and kept.year = spreads.year
order by kept.recipe_id, kept.area_id, kept.year, kept.variable
