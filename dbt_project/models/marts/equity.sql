{{ config(materialized='chunked_table') }}

{#
  How unequal the municipalities are: the spread of each indicator, year and sex, and the gap between women and men.
#}
with uncurated as (

    select indicator_id from {{ ref('stg_declared__indicator') }}
    where not curated

),

municipal as (

    select observations.*
    from {{ ref('observation') }} as observations
    inner join {{ ref('area') }} as area
        on observations.area_id = area.area_id and area.area_type = 'municipality'
    where
        observations.value is not null
        and observations.caution is null
        and observations.indicator_id not in (select uncurated.indicator_id from uncurated)
        and {{ in_chunk('observations.indicator_id') }}

),

means as (

    select
        indicator_id,
        year,
        sex,
        {{ exact_mean('value') }} as mean_value,
        max(abs(value)) as largest
    from municipal
    group by indicator_id, year, sex

),

spread as (

    select
        municipal.indicator_id,
        municipal.year,
        municipal.sex,
        count(*) as of_n,
        means.mean_value,
        {{ exact_deviation('municipal.value', 'means.mean_value', 'means.largest') }} as standard_deviation,
        {{ quantile('municipal.value', 0.1) }} as p10,
        {{ quantile('municipal.value', 0.5) }} as median,
        {{ quantile('municipal.value', 0.9) }} as p90
    from municipal
    inner join means
        on
            municipal.indicator_id = means.indicator_id
            and municipal.year = means.year
            and municipal.sex = means.sex
    group by municipal.indicator_id, municipal.year, municipal.sex, means.mean_value, means.largest

),

gaps as (

    select
        women.indicator_id,
        women.year,
        {{ middle('women.value - men.value') }} as median_gap
    from municipal as women
    inner join municipal as men
        on
            women.indicator_id = men.indicator_id
            and women.area_id = men.area_id
            and women.year = men.year
            and women.sex = 'K'
            and men.sex = 'M'
    group by women.indicator_id, women.year

),

nation as (

    select
        indicator_id,
        year,
        max(case when sex = 'K' then value end) - max(case when sex = 'M' then value end) as gap
    from {{ ref('observation') }}
    where area_id = '0000' and caution is null and {{ in_chunk('indicator_id') }}
    group by indicator_id, year

)

select
    spread.indicator_id,
    spread.year,
    spread.sex,
    cast(spread.of_n as integer) as of_n,
    spread.mean_value as mean,
    spread.standard_deviation,
    case
        when indicators.value_type <> 'deviation' and spread.p10 >= 0 and spread.mean_value > 0
            then 100 * spread.standard_deviation / spread.mean_value
    end as variation_coefficient,
    spread.p10,
    spread.median,
    spread.p90,
    case
        when indicators.value_type <> 'deviation' and spread.p10 > 0 then spread.p90 / spread.p10
    end as p90_p10,
    case when spread.sex = 'T' then gaps.median_gap end as gap_women_men_median,
    case when spread.sex = 'T' then nation.gap end as gap_women_men_nation
from spread
inner join {{ ref('stg_declared__indicator') }} as indicators
    on spread.indicator_id = indicators.indicator_id
left join gaps on spread.indicator_id = gaps.indicator_id and spread.year = gaps.year
left join nation on spread.indicator_id = nation.indicator_id and spread.year = nation.year
order by spread.indicator_id, spread.year, spread.sex
