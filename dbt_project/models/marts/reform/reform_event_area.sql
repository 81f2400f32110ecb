{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    event_id,
    area_id
from {{ source('declared', 'reform_event_area') }}
order by event_id, area_id
