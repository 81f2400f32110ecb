{{ config(materialized='chunked_table') }}

{#
  Each municipality, county and group beside the nation, its county, GR, its kind of municipality and similar
  municipalities. Means over municipalities are unweighted; `nation` is the nation's own value, `gr_weighted` and the
  group that significance is told against are built from numerators and denominators. Nobody stands beside itself. A value
  with a caution takes no part, neither by itself nor in what others stand beside.
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
    where value is not null and caution is null and {{ in_chunk('indicator_id') }}

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

placed as (

    select
        observations.*,
        area.area_type = 'municipality' as is_municipality,
        coalesce(segments.from_year, 0) as segment
    from observations
    inner join {{ ref('area') }} as area
        on observations.area_id = area.area_id and area.area_type in ('municipality', 'county', 'group')
    left join {{ ref('int_break__segmented') }} as segments
        on
            observations.indicator_id = segments.indicator_id
            and observations.year >= segments.from_year
            and (segments.to_year is null or observations.year < segments.to_year)

),

municipal as (

    select * from placed
    where is_municipality

),

wholes as (

    -- The nation and the groups, as what others are told against.
    select
        indicator_id,
        area_id,
        year,
        sex,
        value,
        lower_95,
        upper_95
    from observations
    where area_id = '0000' or area_id in (select memberships.group_id from memberships)

),

group_values as (

    select
        municipal.indicator_id,
        municipal.year,
        municipal.sex,
        memberships.group_id,
        memberships.group_type,
        {{ exact_mean('municipal.value') }} as mean_value,
        {{ middle('municipal.value') }} as median_value,
        count(*) as n
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

sizes as (

    select
        group_id,
        count(*) as members
    from memberships
    group by group_id

),

own_groups as (

    -- A group of one, such as Gotland's county, is no company.
    select
        memberships.area_id,
        max(case when memberships.group_type = 'county' then memberships.group_id end) as county_group,
        max(case when memberships.group_type = 'kommungrupp' then memberships.group_id end) as kommungrupp
    from memberships
    inner join sizes on memberships.group_id = sizes.group_id and sizes.members > 1
    group by memberships.area_id

),

gr_group as (

    select distinct group_id from memberships
    where group_type = 'gr'

),

-- Seven neighbours of every value: by whole numbers, since grouping by four texts takes half as long again.
cells as (

    select
        indicator_id,
        year,
        sex,
        row_number() over (order by indicator_id, year, sex) as cell
    from municipal
    group by indicator_id, year, sex

),

numbered as (

    select
        cells.cell,
        municipal.year,
        municipal.value,
        cast(municipal.area_id as integer) as area_no
    from municipal
    inner join cells
        on
            municipal.indicator_id = cells.indicator_id
            and municipal.year = cells.year
            and municipal.sex = cells.sex

),

neighbours as (

    select
        year,
        cast(area_id as integer) as area_no,
        cast(similar_area_id as integer) as similar_area_no
    from {{ ref('similar_area') }}

),

alike as (

    select
        lpad(cast(neighbours.area_no as varchar), 4, '0') as area_id,
        numbered.cell,
        {{ exact_mean('numbered.value') }} as value,
        count(*) as n
    from neighbours
    inner join numbered on neighbours.similar_area_no = numbered.area_no and neighbours.year = numbered.year
    group by neighbours.area_no, numbered.cell

),

ranked as (

    select
        placed.*,
        indicators.aggregation,
        rank() over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
            order by case when indicators.polarity = 'lower_better' then placed.value else -placed.value end
        ) as place,
        count(*) over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
        ) as of_n,
        percent_rank() over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
            order by placed.value
        ) as percentile_share,
        max(placed.value) over (
            partition by placed.indicator_id, placed.area_id, placed.sex, placed.segment
            order by placed.year range between 1 preceding and 1 preceding
        ) as value_1y,
        max(placed.value) over (
            partition by placed.indicator_id, placed.area_id, placed.sex, placed.segment
            order by placed.year range between 5 preceding and 5 preceding
        ) as value_5y
    from placed
    inner join indicators on placed.indicator_id = indicators.indicator_id

)

select
    ranked.indicator_id,
    ranked.area_id,
    ranked.year,
    ranked.sex,
    ranked.value,
    nation.value as nation,
    county.mean_value as county_mean,
    cast(county.n as integer) as county_n,
    gr_weighted.value as gr_weighted,
    gr.mean_value as gr_unweighted,
    cast(gr.n as integer) as gr_n,
    kommungrupp.median_value as kommungrupp_median,
    cast(kommungrupp.n as integer) as kommungrupp_n,
    alike.value as similar_mean,
    cast(alike.n as integer) as similar_n,
    case when ranked.aggregation <> 'sum' then ranked.value - nation.value end as difference_to_nation,
    {{ significance('ranked', 'nation') }} as significance,
    {{ significance_method('ranked', 'nation') }} as significance_method,
    {{ significance('ranked', 'gr_weighted') }} as significance_to_gr,
    {{ significance('ranked', 'kind') }} as significance_to_kommungrupp,
    cast(case when ranked.is_municipality then ranked.place end as integer) as rank,
    cast(case when ranked.is_municipality then ranked.of_n end as integer) as of_n,
    case when ranked.is_municipality then 100 * ranked.percentile_share end as percentile,
    ranked.value - ranked.value_1y as change_1y,
    ranked.value - ranked.value_5y as change_5y
from ranked
left join own_groups on ranked.area_id = own_groups.area_id
left join wholes as nation
    on
        ranked.indicator_id = nation.indicator_id
        and ranked.year = nation.year
        and ranked.sex = nation.sex
        and nation.area_id = '0000'
left join gr_group on ranked.area_id <> gr_group.group_id
left join wholes as gr_weighted
    on
        ranked.indicator_id = gr_weighted.indicator_id
        and ranked.year = gr_weighted.year
        and ranked.sex = gr_weighted.sex
        and gr_group.group_id = gr_weighted.area_id
left join group_values as gr
    on
        ranked.indicator_id = gr.indicator_id
        and ranked.year = gr.year
        and ranked.sex = gr.sex
        and gr_group.group_id = gr.group_id
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
left join wholes as kind
    on
        ranked.indicator_id = kind.indicator_id
        and ranked.year = kind.year
        and ranked.sex = kind.sex
        and own_groups.kommungrupp = kind.area_id
left join cells
    on
        ranked.indicator_id = cells.indicator_id
        and ranked.year = cells.year
        and ranked.sex = cells.sex
left join alike on cells.cell = alike.cell and ranked.area_id = alike.area_id
order by ranked.indicator_id, ranked.area_id, ranked.sex, ranked.year
