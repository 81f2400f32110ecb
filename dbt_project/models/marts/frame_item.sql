{# What each official frame asks for, and how much of it is followed. #}
with valued as (

    select distinct indicator_id
    from {{ ref('observation') }}
    where value is not null

),

followed as (

    select
        crosswalk.frame_id,
        crosswalk.item_id,
        count(*) as indicators,
        count(valued.indicator_id) as with_values
    from {{ ref('stg_declared__crosswalk') }} as crosswalk
    left join valued on crosswalk.indicator_id = valued.indicator_id
    group by crosswalk.frame_id, crosswalk.item_id

),

gaps as (

    select
        frame_id,
        item_id,
        count(*) as gaps
    from {{ ref('stg_declared__gap_item') }}
    group by frame_id, item_id

)

select
    items.frame_id,
    items.frame_title_sv,
    items.source,
    items.item_no,
    items.item_id,
    items.title_sv,
    cast(coalesce(followed.indicators, 0) as integer) as indicators,
    cast(coalesce(followed.with_values, 0) as integer) as indicators_with_values,
    cast(coalesce(gaps.gaps, 0) as integer) as gaps
from {{ ref('stg_declared__frame_item') }} as items
left join followed on items.frame_id = followed.frame_id and items.item_id = followed.item_id
left join gaps on items.frame_id = gaps.frame_id and items.item_id = gaps.item_id
order by items.frame_id, items.item_no
