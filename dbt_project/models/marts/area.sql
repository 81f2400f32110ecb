select
    area_id,
    name,
    area_type,
    parent_id,
    county_id,
    region_id,
    valid_from,
    valid_to
from {{ ref('int_area__listed') }}
order by area_id
