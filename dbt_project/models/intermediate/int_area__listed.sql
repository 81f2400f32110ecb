with history as (

    select * from {{ ref('stg_kolada__municipality') }}

),

last_named as (

    -- What a withdrawn area was called and was, for a withdrawal itself says nothing of it.
    select
        area_id,
        max(known_from) as known_from
    from history
    where change <> 'withdrawn'
    group by area_id

),

municipalities as (

    select
        named.area_id,
        named.name,
        named.area_type,
        newest.change,
        newest.known_from
    from last_named
    inner join history as named
        on last_named.area_id = named.area_id and last_named.known_from = named.known_from
    inner join history as newest on last_named.area_id = newest.area_id and newest.known_to is null

),

unit_history as (

    select * from {{ ref('stg_kolada__ou') }}

),

unit_last_named as (

    select
        unit_id,
        max(known_from) as known_from
    from unit_history
    where change <> 'withdrawn'
    group by unit_id

),

units as (

    select
        named.unit_id,
        named.name,
        named.area_id as parent_id,
        case when newest.change = 'withdrawn' then cast(newest.known_from as date) end as valid_to
    from unit_last_named
    inner join unit_history as named
        on unit_last_named.unit_id = named.unit_id and unit_last_named.known_from = named.known_from
    inner join unit_history as newest
        on unit_last_named.unit_id = newest.unit_id and newest.known_to is null

),

counties as (

    select * from {{ ref('stg_declared__county') }}

),

changes as (

    select * from {{ ref('stg_declared__area_change') }}

),

groups as (

    select distinct
        group_id,
        name,
        group_type,
        valid_from,
        valid_to
    from {{ ref('stg_declared__area_group') }}

),

source_areas as (

    select
        municipalities.area_id,
        municipalities.name,
        case
            when municipalities.area_id = '0000' then 'nation'
            when municipalities.area_type = 'L' then 'region'
            else 'municipality'
        end as area_type,
        case when municipalities.area_type = 'K' then substr(municipalities.area_id, 1, 2) end as county_id,
        case when municipalities.change = 'withdrawn' then cast(municipalities.known_from as date) end
            as valid_to
    from municipalities

),

placed_areas as (

    select
        source_areas.area_id,
        source_areas.name,
        source_areas.area_type,
        source_areas.county_id,
        case
            when source_areas.area_type = 'municipality' then counties.region_id
            when source_areas.area_type = 'region' then source_areas.area_id
        end as region_id,
        source_areas.valid_to
    from source_areas
    left join counties on source_areas.county_id = counties.county_id

)

select
    placed_areas.area_id,
    placed_areas.name,
    placed_areas.area_type,
    cast(null as varchar) as parent_id,
    placed_areas.county_id,
    placed_areas.region_id,
    changes.valid_from,
    placed_areas.valid_to
from placed_areas
left join changes on placed_areas.area_id = changes.area_id

union all

select
    units.unit_id as area_id,
    units.name,
    'unit' as area_type,
    units.parent_id,
    placed_areas.county_id,
    placed_areas.region_id,
    cast(null as date) as valid_from,
    units.valid_to
from units
left join placed_areas on units.parent_id = placed_areas.area_id

union all

select
    groups.group_id as area_id,
    groups.name,
    case when groups.group_type = 'county' then 'county' else 'group' end as area_type,
    cast(null as varchar) as parent_id,
    counties.county_id,
    counties.region_id,
    groups.valid_from,
    groups.valid_to
from groups
left join counties on groups.group_id = counties.county_id
