{#
  The nearest municipalities of each municipality and year, by each standard set. The distance is the square root of the weighted mean of the
  squared differences of the standardised variables, so that it is the same both ways (and computed for one of them) and
  its unit is standard deviations.
#}
with structure as (

    select * from {{ ref('structure_value') }}

),

pairs as (

    select
        own.recipe_id,
        own.area_id,
        other.area_id as similar_area_id,
        own.year,
        sqrt(
            {{ exact_sum(
                'own.weight * (own.standardised - other.standardised) * (own.standardised - other.standardised)'
            ) }}
            / {{ exact_sum('own.weight') }}
        ) as distance
    from structure as own
    inner join structure as other
        on
            own.recipe_id = other.recipe_id
            and own.year = other.year
            and own.variable = other.variable
            and own.area_id < other.area_id
    group by own.recipe_id, own.area_id, other.area_id, own.year

),

both_ways as (

    select * from pairs
    union all
    select
        recipe_id,
        similar_area_id as area_id,
        area_id as similar_area_id,
        year,
        distance
    from pairs

),

placed as (

    select
        *,
        row_number() over (partition by recipe_id, area_id, year order by distance, similar_area_id) as place,
        percent_rank() over (partition by recipe_id, year order by distance) as share_nearer
    from both_ways

)

select
    placed.recipe_id,
    placed.area_id,
    placed.year,
    cast(placed.place as integer) as rank,
    placed.similar_area_id,
    placed.distance,
    100 * placed.share_nearer as distance_percentile,
    recipes.recipe_version
from placed
inner join {{ ref('stg_declared__similar_recipe') }} as recipes on placed.recipe_id = recipes.recipe_id
where placed.place <= recipes.neighbours
order by placed.recipe_id, placed.area_id, placed.year, placed.place
