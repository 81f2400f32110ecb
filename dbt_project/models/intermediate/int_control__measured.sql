{#
  Both sides of every reconciliation: what the municipalities add up to, and what it has to meet. `relative_difference`
  is (found - expected) / expected.
#}
with controls as (

    select * from {{ ref('stg_declared__control') }}

),

measures as (

    select * from {{ ref('int_measure__valued') }}
    where known_to is null and value is not null

),

areas as (

    select * from {{ ref('int_area__listed') }}
    where area_type <> 'unit'

),

wanted_years as (

    select * from {{ ref('stg_declared__control_year') }}

),

weighted as (

    select
        controls.control_id,
        controls.kind,
        controls.unit_factor,
        own.year,
        own.sex,
        own.area_id,
        areas.area_type,
        own.value,
        coalesce(weight.value, 1) as weight,
        controls.weight is not null and weight.value is null as lacks_weight
    from controls
    inner join measures as own on controls.measure = own.measure_id
    inner join areas on own.area_id = areas.area_id
    left join measures as weight
        on
            controls.weight = weight.measure_id
            and own.area_id = weight.area_id
            and own.year = weight.year
            and own.sex = weight.sex

),

municipal as (

    select
        control_id,
        kind,
        year,
        {{ exact_sum('value * weight / unit_factor') }} as summed,
        {{ exact_sum('weight') }} as weights
    from weighted
    where area_type = 'municipality' and sex = 'T' and not lacks_weight
    group by control_id, kind, year

),

against_nation as (

    select
        municipal.control_id,
        municipal.year,
        cast('0000' as varchar) as area_id,
        weighted.value as expected,
        case
            when municipal.kind = 'nation_rate' then municipal.summed / municipal.weights
            else municipal.summed
        end as found
    from municipal
    inner join weighted
        on
            municipal.control_id = weighted.control_id
            and municipal.year = weighted.year
            and weighted.area_id = '0000'
            and weighted.sex = 'T'
    where municipal.kind in ('nation_sum', 'nation_rate')

),

against_total as (

    select
        municipal.control_id,
        municipal.year,
        cast('0000' as varchar) as area_id,
        totals.value as expected,
        municipal.summed as found
    from municipal
    inner join {{ ref('stg_declared__control_total') }} as totals
        on municipal.control_id = totals.control_id and municipal.year = totals.year

),

by_sex as (

    select
        control_id,
        year,
        area_id,
        max(case when sex = 'T' then value end) as expected,
        max(case when sex = 'K' then value end) + max(case when sex = 'M' then value end) as found
    from weighted
    where kind = 'sex_sum'
    group by control_id, year, area_id

),

measured as (

    select * from against_nation
    union all
    select * from against_total
    union all
    select * from by_sex
    where expected is not null and found is not null

)

select
    measured.control_id,
    measured.year,
    measured.area_id,
    measured.expected,
    measured.found,
    (measured.found - measured.expected) / nullif(measured.expected, 0) as relative_difference,
    abs(measured.found - measured.expected) <= controls.tolerance * abs(measured.expected) as holds
from measured
inner join controls on measured.control_id = controls.control_id
left join wanted_years
    on measured.control_id = wanted_years.control_id and measured.year = wanted_years.year
where not controls.has_years or wanted_years.year is not null
