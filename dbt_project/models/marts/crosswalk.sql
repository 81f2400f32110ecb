select
    crosswalk.frame_id,
    crosswalk.item_id,
    crosswalk.indicator_id
from {{ ref('stg_declared__crosswalk') }} as crosswalk
order by crosswalk.frame_id, crosswalk.item_id, crosswalk.indicator_id
