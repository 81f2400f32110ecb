{#
  The nearest municipalities of each municipality and year, by each standard set. The distance is the square root of the
  weighted mean of the squared differences of the standardised variables, so that it is the same both ways (and computed
  for one of them) and its unit is standard deviations.
#}
with structure as (

    select * from {{ ref('structure_value') }}

),

-- All pairs by whole numbers, since joining and grouping millions of rows by texts takes twice as long.
years as (

    select
        recipe_id,
        year,
        row_number() over (order by recipe_id, year) as year_no
    from structure
    group by recipe_id, year

),

variables as (

    select
        recipe_id,
        variable,
        row_number() over (order by recipe_id, variable) as variable_no
    from structure
    group by recipe_id, variable

),

numbered as (

    select
        years.year_no,
        variables.variable_no,
        structure.weight,
        structure.standardised,
        cast(structure.area_id as integer) as area_no
    from structure
    inner join years on structure.recipe_id = years.recipe_id and structure.year = years.year
    inner join variables
        on structure.recipe_id = variables.recipe_id and structure.variable = variables.variable

),

pairs as (

    select
        own.year_no,
        own.area_no,
        other.area_no as similar_area_no,
        sqrt(
            {{ exact_sum(
                'own.weight * (own.standardised - other.standardised) * (own.standardised - other.standardised)'
            ) }}
            / {{ exact_sum('own.weight') }}
        ) as distance
    from numbered as own
    inner join numbered as other
        on
            own.year_no = other.year_no
            and own.variable_no = other.variable_no
            and own.area_no < other.area_no
    group by own.year_no, own.area_no, other.area_no

),

-- Each pair counts both ways, as the neighbours of both.
shares as (

    select
        *,
        2 * (rank() over (partition by year_no order by distance) - 1) as nearer,
        2 * count(*) over (partition by year_no) - 1 as others
    from pairs

),

both_ways as (

    select * from shares
    union all
    select
        year_no,
        similar_area_no as area_no,
        area_no as similar_area_no,
        distance,
        nearer,
        others
    from shares

),

placed as (

    select
        *,
        row_number() over (partition by year_no, area_no order by distance, similar_area_no) as place
    from both_ways

)

select
    years.recipe_id,
    lpad(cast(placed.area_no as varchar), 4, '0') as area_id,
    years.year,
    cast(placed.place as integer) as rank,
    lpad(cast(placed.similar_area_no as varchar), 4, '0') as similar_area_id,
    placed.distance,
    100 * (cast(placed.nearer as double) / placed.others) as distance_percentile,
    recipes.recipe_version
from placed
inner join years on placed.year_no = years.year_no
inner join {{ ref('stg_declared__similar_recipe') }} as recipes on years.recipe_id = recipes.recipe_id
where placed.place <= recipes.neighbours
order by years.recipe_id, area_id, years.year, placed.place
