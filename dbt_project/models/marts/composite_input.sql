{#
  What each index is made of: an indicator's value, standardised over the municipalities of its year, cut, turned and
  weighted. A value that is missing is taken from the last year that has one, when that is near enough and unbroken.
#}
with recipes as (

    select
        composite.composite_id,
        composite.recipe_version,
        composite.winsor_z,
        composite.carry_years,
        inputs.indicator_id,
        inputs.weight,
        inputs.turn
    from {{ ref('stg_declared__composite') }} as composite
    inner join {{ ref('stg_declared__composite_input') }} as inputs
        on composite.composite_id = inputs.composite_id

),

used as (

    select distinct indicator_id from recipes

),

municipal as (

    select
        observations.indicator_id,
        observations.area_id,
        observations.year,
        observations.value,
        coalesce(segments.from_year, 0) as segment
    from {{ ref('observation') }} as observations
    inner join used on observations.indicator_id = used.indicator_id
    inner join {{ ref('area') }} as area
        on observations.area_id = area.area_id and area.area_type = 'municipality'
    left join {{ ref('int_break__segmented') }} as segments
        on
            observations.indicator_id = segments.indicator_id
            and observations.year >= segments.from_year
            and (segments.to_year is null or observations.year < segments.to_year)
    where observations.value is not null and observations.caution is null and observations.sex = 'T'

),

means as (

    select
        indicator_id,
        year,
        {{ exact_mean('value') }} as mean_value,
        max(abs(value)) as largest
    from municipal
    group by indicator_id, year

),

spreads as (

    select
        municipal.indicator_id,
        municipal.year,
        means.mean_value,
        {{ exact_deviation('municipal.value', 'means.mean_value', 'means.largest') }} as deviation
    from municipal
    inner join means on municipal.indicator_id = means.indicator_id and municipal.year = means.year
    group by municipal.indicator_id, municipal.year, means.mean_value, means.largest

),

standardised as (

    select
        municipal.indicator_id,
        municipal.area_id,
        municipal.year,
        municipal.segment,
        municipal.value,
        spreads.mean_value,
        spreads.deviation,
        (municipal.value - spreads.mean_value) / nullif(spreads.deviation, 0) as z
    from municipal
    inner join spreads on municipal.indicator_id = spreads.indicator_id and municipal.year = spreads.year

),

years as (

    select distinct
        recipes.composite_id,
        standardised.year
    from recipes
    inner join standardised on recipes.indicator_id = standardised.indicator_id

),

places as (

    select distinct area_id from standardised

),

newest as (

    -- The year that each input is taken from: the year itself, or the last one within reach.
    select
        recipes.composite_id,
        recipes.indicator_id,
        places.area_id,
        years.year,
        max(standardised.year) as input_year
    from recipes
    inner join years on recipes.composite_id = years.composite_id
    cross join places
    left join {{ ref('int_break__segmented') }} as segments
        on
            recipes.indicator_id = segments.indicator_id
            and years.year >= segments.from_year
            and (segments.to_year is null or years.year < segments.to_year)
    inner join standardised
        on
            recipes.indicator_id = standardised.indicator_id
            and places.area_id = standardised.area_id
            and standardised.year between years.year - recipes.carry_years and years.year
            and standardised.segment = coalesce(segments.from_year, 0)
    group by recipes.composite_id, recipes.indicator_id, places.area_id, years.year

),

cut as (

    select
        newest.composite_id,
        newest.area_id,
        newest.year,
        newest.indicator_id,
        newest.input_year,
        standardised.value,
        standardised.mean_value,
        standardised.deviation,
        standardised.z,
        greatest(-recipes.winsor_z, least(recipes.winsor_z, standardised.z)) as used_z,
        recipes.turn,
        recipes.weight,
        recipes.recipe_version
    from newest
    inner join recipes
        on newest.composite_id = recipes.composite_id and newest.indicator_id = recipes.indicator_id
    inner join standardised
        on
            newest.indicator_id = standardised.indicator_id
            and newest.area_id = standardised.area_id
            and newest.input_year = standardised.year
    where standardised.z is not null

)

select
    composite_id,
    area_id,
    year,
    indicator_id,
    input_year,
    value,
    mean_value as mean,
    deviation as standard_deviation,
    z,
    used_z,
    z <> used_z as is_cut,
    input_year < year as is_imputed,
    turn,
    weight,
    recipe_version
from cut
order by composite_id, area_id, year, indicator_id
