{# Generated from the declarations by `nyckeltal generate`; do not edit. #}
select
    intervention_id,
    payer,
    valid_from,
    valid_to
from {{ source('declared', 'intervention_payer') }}
order by intervention_id, payer
