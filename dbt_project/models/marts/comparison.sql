{{ config(materialized='chunked_table') }}

{#
  Each municipality beside the nation, its county, GR, its kind of municipality and similar municipalities. Means over
  municipalities are unweighted; `nation` is the nation's own value, `gr_weighted` is built from numerators and denominators.
#}
with observations as (

    select
        indicator_id,
        area_id,
        year,
        sex,
        value,
        lower_95,
        upper_95
    from {{ ref('observation') }}
    where value is not null and {{ in_chunk('indicator_id') }}

),

indicators as (

    select
        indicator_id,
        polarity,
        aggregation
    from {{ source('declared', 'indicator') }}

),

memberships as (

    select * from {{ ref('int_area_membership__current') }}

),

segments as (

    select
        indicator_id,
        year as from_year,
        lead(year) over (partition by indicator_id order by year) as to_year
    from {{ source('declared', 'indicator_break') }}

),

municipal as (

    select
        observations.*,
        coalesce(segments.from_year, 0) as segment
    from observations
    inner join {{ ref('area') }} as area
        on observations.area_id = area.area_id and area.area_type = 'municipality'
    left join segments
        on
            observations.indicator_id = segments.indicator_id
            and observations.year >= segments.from_year
            and (segments.to_year is null or observations.year < segments.to_year)

),

nation as (

    select
        indicator_id,
        year,
        sex,
        value
    from observations
    where area_id = '0000'

),

gr_weighted as (

    select
        observations.indicator_id,
        observations.year,
        observations.sex,
        observations.value
    from observations
    where
        observations.area_id in (
            select memberships.group_id from memberships
            where memberships.group_type = 'gr'
        )

),

group_values as (

    select
        municipal.indicator_id,
        municipal.year,
        municipal.sex,
        memberships.group_id,
        memberships.group_type,
        {{ exact_mean('municipal.value') }} as mean_value,
        {{ middle('municipal.value') }} as median_value
    from municipal
    inner join memberships
        on
            municipal.area_id = memberships.area_id
            and memberships.group_type in ('gr', 'county', 'kommungrupp')
    group by
        municipal.indicator_id,
        municipal.year,
        municipal.sex,
        memberships.group_id,
        memberships.group_type

),

own_groups as (

    select
        area_id,
        max(case when group_type = 'county' then group_id end) as county_group,
        max(case when group_type = 'kommungrupp' then group_id end) as kommungrupp
    from memberships
    group by area_id

),

alike as (

    select
        memberships.compared_area_id as area_id,
        municipal.indicator_id,
        municipal.year,
        municipal.sex,
        {{ exact_mean('municipal.value') }} as value
    from memberships
    inner join municipal on memberships.area_id = municipal.area_id
    where memberships.group_type = 'liknande'
    group by memberships.compared_area_id, municipal.indicator_id, municipal.year, municipal.sex

),

ranked as (

    select
        municipal.*,
        indicators.aggregation,
        rank() over (
            partition by municipal.indicator_id, municipal.year, municipal.sex
            order by
                case when indicators.polarity = 'lower_better' then municipal.value else -municipal.value end
        ) as place,
        count(*) over (partition by municipal.indicator_id, municipal.year, municipal.sex) as of_n,
        percent_rank() over (
            partition by municipal.indicator_id, municipal.year, municipal.sex order by municipal.value
        ) as percentile_share,
        max(municipal.value) over (
            partition by municipal.indicator_id, municipal.area_id, municipal.sex, municipal.segment
            order by municipal.year range between 1 preceding and 1 preceding
        ) as value_1y,
        max(municipal.value) over (
            partition by municipal.indicator_id, municipal.area_id, municipal.sex, municipal.segment
            order by municipal.year range between 5 preceding and 5 preceding
        ) as value_5y
    from municipal
    inner join indicators on municipal.indicator_id = indicators.indicator_id

)

select
    ranked.indicator_id,
    ranked.area_id,
    ranked.year,
    ranked.sex,
    ranked.value,
    nation.value as nation,
    county.mean_value as county_mean,
    gr_weighted.value as gr_weighted,
    gr.mean_value as gr_unweighted,
    kommungrupp.median_value as kommungrupp_median,
    alike.value as similar_mean,
    case when ranked.aggregation <> 'sum' then ranked.value - nation.value end as difference_to_nation,
    case
        when ranked.lower_95 is null or ranked.upper_95 is null or nation.value is null then 'not_estimable'
        when ranked.lower_95 > nation.value then 'higher'
        when ranked.upper_95 < nation.value then 'lower'
        else 'no_difference'
    end as significance,
    cast(ranked.place as integer) as rank,
    cast(ranked.of_n as integer) as of_n,
    100 * ranked.percentile_share as percentile,
    ranked.value - ranked.value_1y as change_1y,
    ranked.value - ranked.value_5y as change_5y
from ranked
left join own_groups on ranked.area_id = own_groups.area_id
left join nation
    on ranked.indicator_id = nation.indicator_id and ranked.year = nation.year and ranked.sex = nation.sex
left join gr_weighted
    on
        ranked.indicator_id = gr_weighted.indicator_id
        and ranked.year = gr_weighted.year
        and ranked.sex = gr_weighted.sex
left join group_values as gr
    on
        ranked.indicator_id = gr.indicator_id
        and ranked.year = gr.year
        and ranked.sex = gr.sex
        and gr.group_type = 'gr'
left join group_values as county
    on
        ranked.indicator_id = county.indicator_id
        and ranked.year = county.year
        and ranked.sex = county.sex
        and own_groups.county_group = county.group_id
left join group_values as kommungrupp
    on
        ranked.indicator_id = kommungrupp.indicator_id
        and ranked.year = kommungrupp.year
        and ranked.sex = kommungrupp.sex
        and own_groups.kommungrupp = kommungrupp.group_id
left join alike
    on
        ranked.indicator_id = alike.indicator_id
        and ranked.area_id = alike.area_id
        and ranked.year = alike.year
        and ranked.sex = alike.sex
order by ranked.indicator_id, ranked.area_id, ranked.sex, ranked.year
