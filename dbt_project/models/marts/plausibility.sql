{{ config(materialized='chunked_table') }}

{#
  Values for a person to look at: outside the indicator's plausible range, a jump from the year before, far from the
  area's own history, far from what its similar areas lead one to expect. None is taken away. Far is more than five
  robust standard deviations (1.4826 times the median absolute deviation); an area's history needs eight years.
#}
{% set far = 5 * 1.4826 %}
with indicators as (

    select * from {{ ref('stg_declared__indicator') }}

),

uncurated as (

    select indicator_id from indicators
    where not curated

),

observations as (

    select
        observations.indicator_id,
        observations.area_id,
        observations.year,
        observations.sex,
        observations.value,
        observations.caution is null as is_trusted,
        area.area_type = 'municipality' as is_municipality,
        coalesce(segments.from_year, 0) as segment
    from {{ ref('observation') }} as observations
    inner join {{ ref('area') }} as area
        on observations.area_id = area.area_id and area.area_type in ('municipality', 'region', 'nation')
    left join {{ ref('int_break__segmented') }} as segments
        on
            observations.indicator_id = segments.indicator_id
            and observations.year >= segments.from_year
            and (segments.to_year is null or observations.year < segments.to_year)
    where
        observations.value is not null
        and observations.indicator_id not in (select uncurated.indicator_id from uncurated)
        and {{ in_chunk('observations.indicator_id') }}

),

followed as (

    select
        *,
        max(case when is_trusted then value end) over (
            partition by indicator_id, area_id, sex, segment
            order by year range between 1 preceding and 1 preceding
        ) as value_1y
    from observations

),

dated as (

    select
        followed.*,
        coalesce(
            indicators.max_jump_units, indicators.max_jump_percent / 100 * abs(followed.value_1y)
        ) as max_jump
    from followed
    inner join indicators on followed.indicator_id = indicators.indicator_id

),

centres as (

    select
        indicator_id,
        area_id,
        sex,
        segment,
        {{ middle('value') }} as centre
    from observations
    where is_trusted
    group by indicator_id, area_id, sex, segment
    having count(*) >= 8

),

histories as (

    select
        centres.indicator_id,
        centres.area_id,
        centres.sex,
        centres.segment,
        centres.centre,
        {{ middle('abs(observations.value - centres.centre)') }} as spread
    from centres
    inner join observations
        on
            centres.indicator_id = observations.indicator_id
            and centres.area_id = observations.area_id
            and centres.sex = observations.sex
            and centres.segment = observations.segment
    where observations.is_trusted
    group by centres.indicator_id, centres.area_id, centres.sex, centres.segment, centres.centre

),

expected as (

    select
        comparison.indicator_id,
        comparison.area_id,
        comparison.year,
        comparison.sex,
        comparison.similar_median,
        comparison.value - comparison.similar_median as difference
    from {{ ref('comparison') }} as comparison
    where
        comparison.similar_median is not null
        and comparison.indicator_id not in (select uncurated.indicator_id from uncurated)
        and {{ in_chunk('comparison.indicator_id') }}

),

middles as (

    select
        indicator_id,
        year,
        sex,
        {{ middle('difference') }} as centre
    from expected
    group by indicator_id, year, sex

),

unlike as (

    select
        middles.indicator_id,
        middles.year,
        middles.sex,
        middles.centre,
        {{ middle('abs(expected.difference - middles.centre)') }} as spread
    from middles
    inner join expected
        on
            middles.indicator_id = expected.indicator_id
            and middles.year = expected.year
            and middles.sex = expected.sex
    group by middles.indicator_id, middles.year, middles.sex, middles.centre

),

found as (

    select
        observations.indicator_id,
        observations.area_id,
        observations.year,
        observations.sex,
        observations.value,
        'range' as rule,
        indicators.plausible_min as expected_low,
        indicators.plausible_max as expected_high
    from observations
    inner join indicators on observations.indicator_id = indicators.indicator_id
    where
        -- The range is that of an area; the nation's sum is its own size.
        not (observations.area_id = '0000' and indicators.aggregation = 'sum')
        and (observations.value < indicators.plausible_min or observations.value > indicators.plausible_max)

    union all

    select
        dated.indicator_id,
        dated.area_id,
        dated.year,
        dated.sex,
        dated.value,
        'jump' as rule,
        dated.value_1y - dated.max_jump as expected_low,
        dated.value_1y + dated.max_jump as expected_high
    from dated
    where abs(dated.value - dated.value_1y) > dated.max_jump

    union all

    select
        observations.indicator_id,
        observations.area_id,
        observations.year,
        observations.sex,
        observations.value,
        'own_history' as rule,
        histories.centre - {{ far }} * histories.spread as expected_low,
        histories.centre + {{ far }} * histories.spread as expected_high
    from observations
    inner join histories
        on
            observations.indicator_id = histories.indicator_id
            and observations.area_id = histories.area_id
            and observations.sex = histories.sex
            and observations.segment = histories.segment
    where histories.spread > 0 and abs(observations.value - histories.centre) > {{ far }} * histories.spread

    union all

    select
        expected.indicator_id,
        expected.area_id,
        expected.year,
        expected.sex,
        expected.similar_median + expected.difference as value,
        'similar_areas' as rule,
        expected.similar_median + unlike.centre - {{ far }} * unlike.spread as expected_low,
        expected.similar_median + unlike.centre + {{ far }} * unlike.spread as expected_high
    from expected
    inner join unlike
        on
            expected.indicator_id = unlike.indicator_id
            and expected.year = unlike.year
            and expected.sex = unlike.sex
    where unlike.spread > 0 and abs(expected.difference - unlike.centre) > {{ far }} * unlike.spread

),

changed as (

    select
        indicator_id,
        area_id,
        year,
        sex
    from {{ ref('revision') }}
    where new_value is not null

)

select
    found.indicator_id,
    found.area_id,
    found.year,
    found.sex,
    found.value,
    found.rule,
    found.expected_low,
    found.expected_high,
    changed.indicator_id is not null as is_new
from found
left join changed
    on
        found.indicator_id = changed.indicator_id
        and found.area_id = changed.area_id
        and found.year = changed.year
        and found.sex = changed.sex
order by found.indicator_id, found.area_id, found.sex, found.year, found.rule
