{#
  The nearest municipalities of each municipality and year. The distance is the square root of the weighted mean of the
  squared differences of the standardised variables, so that it is the same both ways (and computed for one of them) and
  its unit is standard deviations.
#}
with structure as (

    select * from {{ ref('structure_value') }}

),

pairs as (

    select
        own.area_id,
        other.area_id as similar_area_id,
        own.year,
        max(own.recipe_version) as recipe_version,
        max(own.neighbours) as neighbours,
        sqrt(
            {{ exact_sum(
                'own.weight * (own.standardised - other.standardised) * (own.standardised - other.standardised)'
            ) }}
            / {{ exact_sum('own.weight') }}
        ) as distance
    from structure as own
    inner join structure as other
        on
            own.year = other.year
            and own.measure_id = other.measure_id
            and own.per_measure_id is not distinct from other.per_measure_id
            and own.area_id < other.area_id
    group by own.area_id, other.area_id, own.year

),

both_ways as (

    select * from pairs
    union all
    select
        similar_area_id as area_id,
        area_id as similar_area_id,
        year,
        recipe_version,
        neighbours,
        distance
    from pairs

),

placed as (

    select
        *,
        row_number() over (partition by area_id, year order by distance, similar_area_id) as place,
        percent_rank() over (partition by year order by distance) as share_nearer
    from both_ways

)

select
    area_id,
    year,
    cast(place as integer) as rank,
    similar_area_id,
    distance,
    100 * share_nearer as distance_percentile,
    recipe_version
from placed
where place <= neighbours
order by area_id, year, place
