{{ config(materialized='chunked_table') }}

{#
  Each municipality, county and group beside the nation, its county, GR, its kind of municipality and similar
  municipalities. Means and medians over municipalities are unweighted; `nation` is the nation's own value, `gr_weighted` and the
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
        aggregation,
        curated
    from {{ ref('stg_declared__indicator') }}

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

-- The neighbours of every value by the default set. By whole numbers, since grouping by four texts takes half
-- as long again.
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
        nearest.year,
        cast(nearest.area_id as integer) as area_no,
        cast(nearest.similar_area_id as integer) as similar_area_no
    from {{ ref('similar_area') }} as nearest
    inner join {{ ref('stg_declared__similar_recipe') }} as recipes
        on nearest.recipe_id = recipes.recipe_id and recipes.is_default

),

alike as (

    select
        lpad(cast(neighbours.area_no as varchar), 4, '0') as area_id,
        numbered.cell,
        {{ middle('numbered.value') }} as value,
        count(*) as n
    from neighbours
    inner join numbered on neighbours.similar_area_no = numbered.area_no and neighbours.year = numbered.year
    group by neighbours.area_no, numbered.cell

),

-- Equal values have one place, whatever binary fractions left in them: 12.3 + 10.8 and 12.2 + 10.9.
ranked as (

    select
        placed.*,
        indicators.aggregation,
        indicators.polarity,
        coalesce(not indicators.curated, false) as is_uncurated,
        rank() over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
            order by {{ placed_value('placed.value') }}
        ) as from_lowest,
        count(*) over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
            order by {{ placed_value('placed.value') }} range between unbounded preceding and current row
        ) as not_higher,
        count(*) over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
        ) as of_n,
        percent_rank() over (
            partition by placed.indicator_id, placed.year, placed.sex, placed.is_municipality
            order by {{ placed_value('placed.value') }}
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

),

ends as (

    select
        ranked.*,
        ranked.of_n - ranked.not_higher + 1 as from_highest
    from ranked

)

select
    ends.indicator_id,
    ends.area_id,
    ends.year,
    ends.sex,
    ends.value,
    nation.value as nation,
    {{ ten_decimals('county.mean_value') }} as county_mean,
    cast(county.n as integer) as county_n,
    gr_weighted.value as gr_weighted,
    {{ ten_decimals('gr.mean_value') }} as gr_unweighted,
    cast(gr.n as integer) as gr_n,
    kommungrupp.median_value as kommungrupp_median,
    cast(kommungrupp.n as integer) as kommungrupp_n,
    {{ ten_decimals('alike.value') }} as similar_median,
    cast(alike.n as integer) as similar_n,
    case
        when ends.aggregation <> 'sum' and not ends.is_uncurated
            then {{ ten_decimals('ends.value - nation.value') }}
    end as difference_to_nation,
    {{ significance('ends', 'nation') }} as significance,
    {{ significance_method('ends', 'nation') }} as significance_method,
    {{ significance('ends', 'gr_weighted') }} as significance_to_gr,
    {{ significance('ends', 'kind') }} as significance_to_kommungrupp,
    cast(
        case
            when ends.is_municipality and ends.polarity = 'lower_better' then ends.from_lowest
            when ends.is_municipality then ends.from_highest
        end as integer
    ) as rank,
    cast(case when ends.is_municipality then ends.of_n end as integer) as of_n,
    cast(case when ends.is_municipality then ends.from_highest end as integer) as rank_from_highest,
    cast(case when ends.is_municipality then ends.from_lowest end as integer) as rank_from_lowest,
    case
        when ends.is_municipality
            then {{ place_in_words('ends.from_highest', 'ends.from_lowest', 'ends.of_n') }}
    end as place_sv,
    case when ends.is_municipality then {{ ten_decimals('100 * ends.percentile_share') }} end as percentile,
    case when not ends.is_uncurated then {{ ten_decimals('ends.value - ends.value_1y') }} end as change_1y,
    case when not ends.is_uncurated then {{ ten_decimals('ends.value - ends.value_5y') }} end as change_5y
from ends
left join own_groups on ends.area_id = own_groups.area_id
left join wholes as nation
    on
        ends.indicator_id = nation.indicator_id
        and ends.year = nation.year
        and ends.sex = nation.sex
        and nation.area_id = '0000'
left join gr_group on ends.area_id <> gr_group.group_id
left join wholes as gr_weighted
    on
        ends.indicator_id = gr_weighted.indicator_id
        and ends.year = gr_weighted.year
        and ends.sex = gr_weighted.sex
        and gr_group.group_id = gr_weighted.area_id
left join group_values as gr
    on
        ends.indicator_id = gr.indicator_id
        and ends.year = gr.year
        and ends.sex = gr.sex
        and gr_group.group_id = gr.group_id
left join group_values as county
    on
        ends.indicator_id = county.indicator_id
        and ends.year = county.year
        and ends.sex = county.sex
        and own_groups.county_group = county.group_id
left join group_values as kommungrupp
    on
        ends.indicator_id = kommungrupp.indicator_id
        and ends.year = kommungrupp.year
        and ends.sex = kommungrupp.sex
        and own_groups.kommungrupp = kommungrupp.group_id
left join wholes as kind
    on
        ends.indicator_id = kind.indicator_id
        and ends.year = kind.year
        and ends.sex = kind.sex
        and own_groups.kommungrupp = kind.area_id
left join cells
    on
        ends.indicator_id = cells.indicator_id
        and ends.year = cells.year
        and ends.sex = cells.sex
left join alike on cells.cell = alike.cell and ends.area_id = alike.area_id
order by ends.indicator_id, ends.area_id, ends.sex, ends.year
