{{ config(materialized='chunked_table') }}

with dated as (

    select * from {{ ref('int_published__dated') }}
    union all
    select
        indicator_id,
        area_id,
        year,
        sex,
        value,
        numerator,
        denominator,
        missing_reason,
        known_from,
        known_to,
        revision,
        change,
        source_file_sha256
    from {{ ref('int_computed__dated') }}

),

indicators as (

    select * from {{ source('declared', 'indicator') }}

),

breaks as (

    select * from {{ source('declared', 'indicator_break') }}

),

not_collected as (

    select * from {{ source('declared', 'indicator_not_collected') }}

),

preliminary as (

    select * from {{ ref('int_indicator__preliminary') }}
    where is_preliminary

)

select
    dated.indicator_id,
    dated.area_id,
    dated.year,
    dated.sex,
    dated.value,
    dated.numerator,
    dated.denominator,
    cast(null as double) as lower_95,
    cast(null as double) as upper_95,
    case
        when dated.value is null and dated.missing_reason = 'withdrawn_by_source' then 'withdrawn'
        when dated.value is null and not_collected.year is not null then 'not_collected'
        when dated.value is null then 'missing'
        when preliminary.year is not null then 'preliminary'
        else 'normal'
    end as status,
    case
        when
            dated.value is null
            and not_collected.year is not null
            and dated.missing_reason <> 'withdrawn_by_source'
            then 'not_collected'
        else dated.missing_reason
    end as missing_reason,
    preliminary.year is not null as is_preliminary,
    breaks.year is not null as break_before,
    indicators.price_basis,
    dated.known_from,
    dated.known_to,
    dated.revision,
    dated.change,
    dated.source_file_sha256,
    indicators.definition_version as recipe_version
from dated
inner join indicators on dated.indicator_id = indicators.indicator_id
left join breaks on dated.indicator_id = breaks.indicator_id and dated.year = breaks.year
left join not_collected on dated.indicator_id = not_collected.indicator_id and dated.year = not_collected.year
left join preliminary on dated.indicator_id = preliminary.indicator_id and dated.year = preliminary.year
where {{ in_chunk('dated.indicator_id') }}
order by dated.indicator_id, dated.area_id, dated.sex, dated.year, dated.known_from
