{{ config(materialized='chunked_table') }}

{% set quantiles = {'95': 1.959963984540054, '998': 3.090232306167813} %}
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
        caution,
        correction_id,
        known_from,
        known_to,
        revision,
        change,
        source_file_sha256
    from {{ ref('int_computed__dated') }}

),

indicators as (

    select * from {{ ref('stg_declared__indicator') }}

),

breaks as (

    select * from {{ ref('stg_declared__indicator_break') }}

),

not_collected as (

    select * from {{ ref('stg_declared__indicator_not_collected') }}

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
        case when not indicators.curated then null else breaks.year is not null end as break_before,
        indicators.price_basis,
        indicators.definition_version,
        indicators.interval_method,
        indicators.interval_per,
        indicators.interval_reason,
        indicators.mean_of_years,
        dated.denominator * indicators.mean_of_years as person_years,
        case
            when indicators.value_type = 'count' then dated.value * indicators.mean_of_years
            else dated.value / indicators.interval_per * dated.denominator * indicators.mean_of_years
        end as events,
        indicators.value_type = 'count' as is_count
    from dated
    inner join indicators on dated.indicator_id = indicators.indicator_id
    left join breaks on dated.indicator_id = breaks.indicator_id and dated.year = breaks.year
    left join not_collected
        on dated.indicator_id = not_collected.indicator_id and dated.year = not_collected.year
    left join preliminary on dated.indicator_id = preliminary.indicator_id and dated.year = preliminary.year
    where {{ in_chunk('dated.indicator_id') }}

),

uncertain as (

    select
        told.*,
        case
            when told.value is null then 'no_value'
            when told.interval_reason is not null then told.interval_reason
            when not told.is_count and coalesce(told.denominator, 0) <= 0 then 'n_unknown'
            when told.interval_method = 'wilson' and told.value not between 0 and 100 then 'out_of_range'
            when told.value < 0 then 'out_of_range'
        end as no_interval
    from told

),

-- Limits of a share between 0 and 1, or of a number of events; then in the unit of the indicator.
limited as (

    select
        uncertain.*,
        {%- for level, z in quantiles.items() %}
        {%- for side, sign in {'lower': -1, 'upper': 1}.items() %}
        case
            when uncertain.no_interval is not null then null
            when uncertain.interval_method = 'wilson'
                then {{ wilson('uncertain.value / 100', 'uncertain.denominator', z, sign) }}
            when uncertain.events < 10 then exact.{{ side }}_{{ level }}
            else {{ byar('uncertain.events', z, sign) }}
        end as {{ side }}_{{ level }},
        {%- endfor %}
        {%- endfor %}
        case
            when uncertain.interval_method = 'wilson' then 100
            when uncertain.is_count then 1.0 / uncertain.mean_of_years
            else uncertain.interval_per / uncertain.person_years
        end as scale
    from uncertain
    left join {{ ref('stg_declared__poisson_limit') }} as exact
        on
            uncertain.interval_method = 'poisson'
            and uncertain.events < 10
            and cast(least(round(uncertain.events), 9) as bigint) = exact.events

)

select
    indicator_id,
    area_id,
    year,
    sex,
    value,
    numerator,
    denominator,
    scale * lower_95 as lower_95,
    scale * upper_95 as upper_95,
    scale * lower_998 as lower_998,
    scale * upper_998 as upper_998,
    no_interval as interval_reason,
    case
        when value is not null then case when is_preliminary then 'preliminary' else 'normal' end
        when told_reason = 'withdrawn_by_source' then 'withdrawn'
        when told_reason = 'suppressed_by_source' then 'suppressed'
        when told_reason in ('not_applicable', 'not_collected') then told_reason
        else 'missing'
    end as status,
    nullif(told_reason, 'forecast') as missing_reason,
    caution,
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
from limited
order by indicator_id, area_id, sex, year, known_from
