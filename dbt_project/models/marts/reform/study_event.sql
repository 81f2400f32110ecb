{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    study_id,
    event_id
from {{ source('declared', 'study_event') }}
order by study_id, event_id
