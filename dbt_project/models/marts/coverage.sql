{{ config(materialized='chunked_table') }}

{# How much there is of each indicator, year and sex, over the municipalities. #}
with municipal as (

    select observations.*
    from {{ ref('observation') }} as observations
    inner join {{ ref('area') }} as area
        on observations.area_id = area.area_id and area.area_type = 'municipality'
    where {{ in_chunk('observations.indicator_id') }}

),

everyone as (

    select count(*) as municipalities
    from {{ ref('area') }}
    where area_type = 'municipality' and valid_to is null

)

select
    municipal.indicator_id,
    municipal.year,
    municipal.sex,
    cast(count(municipal.value) as integer) as with_value,
    cast(count(case when municipal.value is not null then municipal.caution end) as integer) as with_caution,
    cast(count(case when municipal.status = 'suppressed' then 1 end) as integer) as suppressed,
    cast(
        count(case when municipal.value is null and municipal.status <> 'suppressed' then 1 end) as integer
    ) as missing,
    cast(count(municipal.lower_95) as integer) as with_interval,
    cast(max(everyone.municipalities) as integer) as of_n,
    100.0 * count(municipal.value) / max(everyone.municipalities) as coverage_pct
from municipal
cross join everyone
group by municipal.indicator_id, municipal.year, municipal.sex
order by municipal.indicator_id, municipal.year, municipal.sex
