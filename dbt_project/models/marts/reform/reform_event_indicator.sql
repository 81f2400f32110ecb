{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    event_id,
    indicator_id,
    direction
from {{ source('declared', 'reform_event_indicator') }}
order by event_id, indicator_id
