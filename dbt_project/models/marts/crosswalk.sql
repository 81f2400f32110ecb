select
    crosswalk.frame_id,
    crosswalk.item_id,
    crosswalk.indicator_id
from {{ source('declared', 'crosswalk') }} as crosswalk
order by crosswalk.frame_id, crosswalk.item_id, crosswalk.indicator_id
