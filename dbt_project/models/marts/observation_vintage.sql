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
        reason,
        correction_id,
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

),

told as (

    select
        dated.*,
        case
            when not_collected.year is null then dated.reason
            -- What the source says of the value itself stands, whatever is declared of the year.
            when
                dated.reason in (
                    'published_missing', 'input_missing', 'incomplete_members', 'denominator_is_zero'
                )
                then 'not_collected'
            else dated.reason
        end as told_reason,
        coalesce(dated.reason = 'forecast', false) or preliminary.year is not null as is_preliminary,
        breaks.year is not null as break_before,
        indicators.price_basis,
        indicators.definition_version
    from dated
    inner join indicators on dated.indicator_id = indicators.indicator_id
    left join breaks on dated.indicator_id = breaks.indicator_id and dated.year = breaks.year
    left join not_collected
        on dated.indicator_id = not_collected.indicator_id and dated.year = not_collected.year
    left join preliminary on dated.indicator_id = preliminary.indicator_id and dated.year = preliminary.year
    where {{ in_chunk('dated.indicator_id') }}

)

select
    indicator_id,
    area_id,
    year,
    sex,
    value,
    numerator,
    denominator,
    cast(null as double) as lower_95,
    cast(null as double) as upper_95,
    case
        when value is not null then case when is_preliminary then 'preliminary' else 'normal' end
        when told_reason = 'withdrawn_by_source' then 'withdrawn'
        when told_reason = 'suppressed_by_source' then 'suppressed'
        when told_reason in ('not_applicable', 'not_collected') then told_reason
        else 'missing'
    end as status,
    nullif(told_reason, 'forecast') as missing_reason,
    correction_id,
    is_preliminary,
    break_before,
    price_basis,
    known_from,
    known_to,
    revision,
    change,
    source_file_sha256,
    definition_version as recipe_version
from told
order by indicator_id, area_id, sex, year, known_from
