{#
  The indices: 100 plus ten times the weighted mean of the standardised, cut and turned inputs. 100 is the mean of the
  municipalities; ten is one standard deviation of an input. Below the least coverage there is no value.
#}
with recipes as (

    select * from {{ ref('stg_declared__composite') }}

),

weights as (

    select
        composite_id,
        {{ exact_sum('weight') }} as whole,
        count(*) as inputs
    from {{ ref('stg_declared__composite_input') }}
    group by composite_id

),

summed as (

    select
        composite_id,
        area_id,
        year,
        {{ exact_sum('weight * turn * used_z') }} as total,
        {{ exact_sum('weight') }} as present,
        count(*) as inputs,
        count(case when is_imputed then 1 end) as imputed,
        count(case when is_cut then 1 end) as cut
    from {{ ref('composite_input') }}
    group by composite_id, area_id, year

)

select
    summed.composite_id,
    recipes.title_sv,
    recipes.theme,
    recipes.up_means_sv,
    summed.area_id,
    summed.year,
    case
        when summed.present >= recipes.min_coverage * weights.whole
            then 100 + 10 * summed.total / summed.present
    end as value,
    summed.present / weights.whole as coverage,
    cast(summed.inputs as integer) as inputs_present,
    cast(weights.inputs as integer) as inputs_declared,
    cast(summed.imputed as integer) as inputs_imputed,
    cast(summed.cut as integer) as inputs_cut,
    summed.imputed > 0 as has_imputed,
    recipes.recipe_version
from summed
inner join recipes on summed.composite_id = recipes.composite_id
inner join weights on summed.composite_id = weights.composite_id
order by summed.composite_id, summed.area_id, summed.year
