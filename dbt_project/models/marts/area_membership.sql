select
    group_id,
    area_id,
    group_type,
    recipe_id,
    compared_area_id,
    valid_from,
    valid_to
from {{ ref('int_area_membership__current') }}
order by group_id, area_id
