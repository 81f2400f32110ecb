{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    finding_id,
    indicator_id
from {{ source('declared', 'finding_indicator') }}
order by finding_id, indicator_id
